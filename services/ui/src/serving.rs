//! How the files are served.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            HeaderName, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};

use crate::{
    codec,
    files::{File, HASHED, PAGE, files},
};

/// What pages may load and whom they may ask: this server, and nobody else but the codec server that this browser's user has named. Payloads of workflows are shown as text; if one became markup by
/// a fault of a page, it could neither run a script nor send anything away. The hash is that of the one style element that React Aria adds
/// (`touch-action` of what can be pressed).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o='; img-src 'self'; font-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";

/// Headers of all answers.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    // Addresses have ids of workflows in them.
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The UI on every path: a file where the path names one, else the page.
pub fn routes() -> Router {
    Router::new().fallback(answer)
}

async fn answer(request: Request) -> Response {
    let policy = codec::policy(POLICY, request.headers());
    let mut response = respond(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn respond(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], "this path has nothing but a page\n").into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let is_hashed = path.starts_with(HASHED);
    let file = match files().get(path) {
        Some(file) => file,
        // A page of an earlier version asks for a file that this version has not: the page must be loaded anew.
        None if is_hashed => return (StatusCode::NOT_FOUND, "there is no such file in this version of klamm\n").into_response(),
        None => match files().get(PAGE) {
            Some(page) => page,
            None => return (StatusCode::NOT_FOUND, "this build of klamm has no web UI\n").into_response(),
        },
    };
    // The request itself cannot be held while others are waited for.
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let mut response = send(file, &method, &headers).await;
    let caching = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

async fn send(file: &'static File, method: &Method, headers: &HeaderMap) -> Response {
    let current = codec::etag(file, headers);
    let known = headers.get(IF_NONE_MATCH).and_then(|etags| etags.to_str().ok());
    if known.is_some_and(|etags| etags.split(',').any(|etag| etag.trim().trim_start_matches("W/") == current)) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, current)]).into_response();
    }
    let compressed = if takes_gzip(headers) {
        // The first time it is compressed, which would hold up other requests.
        tokio::task::spawn_blocking(|| file.gzip()).await.ok().flatten()
    } else {
        None
    };
    let bytes = compressed.unwrap_or(&file.plain).clone();
    let length = bytes.len();
    // A HEAD request gets the headers of a GET.
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from(bytes) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&current) {
        headers.insert(ETAG, etag);
    }
    if compressed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether the client takes gzip: named, and not with a weight of zero.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), |weight| weight.trim().parse::<f32>());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}
