import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.KLAMM_CHROMIUM ?? places.find((place) => existsSync(place));

const MEASURED = '**/big.spec.ts';

export default defineConfig({
  testDir: 'e2e',
  outputDir: process.env.KLAMM_UI_RESULTS ?? 'test-results',
  workers: 2,
  fullyParallel: false,
  timeout: 45_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  // What is measured is measured alone: two browsers share the cores otherwise.
  projects: [
    { name: 'measured', testMatch: MEASURED },
    { name: 'others', testIgnore: MEASURED, dependencies: ['measured'] },
  ],
  use: {
    baseURL: process.env.KLAMM_UI_URL ?? 'http://127.0.0.1:8233',
    viewport: { width: 1280, height: 800 },
    timezoneId: 'Europe/Amsterdam',
    locale: 'en-GB',
    // Animations never stand still in two pictures alike.
    reducedMotion: 'reduce',
    launchOptions: { args: ['--no-sandbox'], ...(executablePath ? { executablePath } : {}) },
    trace: 'off',
  } as never,
});
