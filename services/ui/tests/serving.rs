//! What browsers get.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = klamm_ui::routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

/// The first script that the page names.
async fn script() -> String {
    let (_, _, page) = ask("GET", "/", &[]).await;
    let page = String::from_utf8(page).unwrap();
    let start = page.find("/assets/").unwrap();
    page[start..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_address_of_the_ui_gets_the_page() {
    let (_, _, page) = ask("GET", "/", &[]).await;
    assert!(page.starts_with(b"<!doctype html>"));
    for path in
        ["/namespaces/default/workflows", "/namespaces/default/workflows/an.id%2Fwith%20dots.js/run/history", "/topics", "//", "/a/../b"]
    {
        let (status, headers, body) = ask("GET", path, &[]).await;
        assert_eq!((status, body == page), (StatusCode::OK, true), "{path}");
        assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(headers["cache-control"], "no-cache");
    }
}

#[tokio::test]
async fn answers_are_safe() {
    for path in ["/", "/assets/missing.js", &script().await] {
        let (_, headers, _) = ask("GET", path, &[]).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
    }
}

#[tokio::test]
async fn the_codec_server_of_the_browsers_user_may_be_asked_by_the_page() {
    let (_, plain, _) = ask("GET", "/", &[]).await;
    let (_, headers, _) = ask("GET", "/", &[("cookie", "klamm-codec=http://localhost:8888")]).await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert_eq!(policy, format!("{} http://localhost:8888", plain["content-security-policy"].to_str().unwrap()));
    assert!(policy.ends_with("connect-src 'self' http://localhost:8888"), "{policy}");
    // The page that the browser has kept came with the policy of its day.
    assert_ne!(headers["etag"], plain["etag"]);
}

#[tokio::test]
async fn hashed_files_are_kept_and_compressed() {
    let script = script().await;
    let (status, headers, plain) = ask("GET", &script, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert!(!headers.contains_key("content-encoding"));
    let (_, headers, compressed) = ask("GET", &script, &[("accept-encoding", "br, gzip;q=0.5")]).await;
    assert_eq!(headers["content-encoding"], "gzip");
    assert!(compressed.len() * 2 < plain.len());
    let (_, refused, _) = ask("GET", &script, &[("accept-encoding", "gzip;q=0")]).await;
    assert!(!refused.contains_key("content-encoding"));
    let (status, head, body) = ask("HEAD", &script, &[("accept-encoding", "gzip")]).await;
    assert_eq!((status, &head["content-length"], body.len()), (StatusCode::OK, &headers["content-length"], 0));
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let (_, headers, _) = ask("GET", "/", &[]).await;
    let etag = headers["etag"].to_str().unwrap();
    let (status, _, body) = ask("GET", "/", &[("if-none-match", etag)]).await;
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    let (status, ..) = ask("GET", "/", &[("if-none-match", "\"other\"")]).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_else_is_answered() {
    assert_eq!(ask("POST", "/namespaces/default/workflows", &[]).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(ask("GET", "/assets/index-of-an-earlier-version.js", &[]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask("GET", "/sources.sha256", &[]).await.1["content-type"], "text/html; charset=utf-8", "it is no part of the UI");
}
