//! Implements a service's trait from a table. Calls that are built go to their handlers; the others answer Unimplemented with their name.

use klamm_requests::access::Needs;

use crate::call_name;

/// A call of a service, and the access that it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Called {
    /// Type of the call's request.
    pub(crate) request: &'static str,
    /// The access that the call needs.
    pub(crate) needs: Needs,
}

impl Called {
    /// The call's name, as it stands in paths.
    pub(crate) fn name(&self) -> &'static str {
        call_name::of(self.request)
    }
}

/// Implements a gRPC service for [`crate::Gateway`], and lists the access that each of its calls needs (`CALLS`).
///
/// The line of a built call is `access(scope) method(Request) -> Response = handler;`, that of any other call is
/// `access(scope) method(Request) -> Response = "Name";`. Access is `read`, `write` or `admin`. The scope says where the call's namespace
/// comes from: `namespace` (the request's field of this name), `system` (the call is about the system as a whole) or `none` (everybody who
/// reaches the server may call). See [`klamm_requests::access`].
macro_rules! service {
    (
        impl $service:ident;
        built { $($access:ident($scope:ident) $built:ident($request:ty) -> $response:ty = $handler:path;)* }
        not_built { $($absent_access:ident($absent_scope:ident) $absent:ident($absent_request:ty) -> $absent_response:ty = $name:literal;)* }
    ) => {
        /// The access that each call of the service needs.
        pub(crate) const CALLS: &[$crate::table::Called] = &[
            $($crate::table::Called { request: stringify!($request), needs: $crate::table::needs!($access $scope) },)*
            $($crate::table::Called { request: stringify!($absent_request), needs: $crate::table::needs!($absent_access $absent_scope) },)*
        ];

        #[tonic::async_trait]
        impl<B: Backend, V: VisibilityQueries> $service for Gateway<B, V> {
            $(
                async fn $built(&self, request: Request<$request>) -> Result<Response<$response>, Status> {
                    static OPERATION: $crate::telemetry::Operation = $crate::telemetry::Operation::new(stringify!($request));
                    let (metadata, _, request) = request.into_parts();
                    let namespace = $crate::table::namespace_of!($scope request);
                    let measured = OPERATION.begin(namespace, || self.backend.namespaces().contains_key(namespace));
                    let call = Call::new(metadata, $crate::table::needs!($access $scope));
                    let outcome = match call.check_versions() {
                        Ok(()) => $handler(self, call, request).await,
                        Err(fault) => Err(fault),
                    };
                    measured.end(&outcome);
                    Ok($crate::answer::answer(outcome.map_err($crate::status::of)?))
                }
            )*
            $(
                async fn $absent(&self, _request: Request<$absent_request>) -> Result<Response<$absent_response>, Status> {
                    static OPERATION: $crate::telemetry::Operation = $crate::telemetry::Operation::new(stringify!($absent_request));
                    let outcome: klamm_requests::Result<$absent_response> = Err(klamm_requests::Fault::not_built($name));
                    OPERATION.begin("", || false).end(&outcome);
                    Ok(Response::new(outcome.map_err($crate::status::of)?))
                }
            )*
        }

        /// Makes every call that is not built. Gives for each its method, its name in the table, and its answer.
        #[cfg(test)]
        pub(crate) async fn ask_what_is_not_built<B: Backend, V: VisibilityQueries>(
            gateway: &Gateway<B, V>,
        ) -> Vec<(&'static str, &'static str, Status)> {
            vec![$((
                stringify!($absent),
                $name,
                $service::$absent(gateway, Request::new(<$absent_request>::default())).await.expect_err($name),
            )),*]
        }
    };
}

/// The access in a line of the table, as a value.
macro_rules! needs {
    (@access read) => { klamm_requests::access::Access::Read };
    (@access write) => { klamm_requests::access::Access::Write };
    (@access admin) => { klamm_requests::access::Access::Admin };
    (@scope namespace) => { klamm_requests::access::Scope::Namespace };
    (@scope system) => { klamm_requests::access::Scope::System };
    (@scope none) => { klamm_requests::access::Scope::None };
    ($access:ident $scope:ident) => {
        klamm_requests::access::Needs { access: $crate::table::needs!(@access $access), scope: $crate::table::needs!(@scope $scope) }
    };
}

/// The namespace that a request names. Empty when the call is about no namespace.
macro_rules! namespace_of {
    (namespace $request:ident) => {
        $request.namespace.as_str()
    };
    ($scope:ident $request:ident) => {
        ""
    };
}

pub(crate) use {namespace_of, needs, service};
