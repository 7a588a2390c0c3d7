import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client';
import { permitCodec } from './lib/codec-token';
import { settings } from './lib/settings';
import { router } from './router';
import './styles.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      // A refusal stays one. A server that is away may come back: the page asks on, and says so meanwhile.
      retry: (failures, error) => error instanceof ApiError && error.isUnreachable && failures < 1,
      retryDelay: 500,
      refetchOnWindowFocus: true,
    },
  },
});

// The cookie ends some day; the setting stays.
if (permitCodec() && settings().codec.url !== '') location.reload();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
