//! How a service's trait is implemented from a table: calls that are built go to their handlers, the others answer Unimplemented by name.

/// Implements a gRPC service for [`crate::Gateway`]. Each built line is `method(Request) -> Response = handler;`, each other
/// `method(Request) -> Response = "Name";`.
macro_rules! service {
    (
        impl $service:ident;
        built { $($built:ident($request:ty) -> $response:ty = $handler:path;)* }
        not_built { $($absent:ident($absent_request:ty) -> $absent_response:ty = $name:literal;)* }
    ) => {
        #[tonic::async_trait]
        impl<B: Backend, V: VisibilityQueries> $service for Gateway<B, V> {
            $(
                async fn $built(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                    let (metadata, _, request) = request.into_parts();
                    let call = Call::new(metadata);
                    call.check_versions()?;
                    Ok(Response::new($handler(self, call, request).await?))
                }
            )*
            $(
                async fn $absent(&self, _request: Request<$absent_request>) -> Result<Response<$absent_response>, Status> {
                    Err($crate::errors::Fault::not_built($name).into())
                }
            )*
        }
    };
}

pub(crate) use service;
