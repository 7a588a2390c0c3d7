//! The embedded files.

use std::{collections::BTreeMap, io::Write as _, sync::OnceLock};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Dist;

/// Folder of the files whose names have a hash of their content, so that browsers may keep them.
pub const HASHED: &str = "assets/";
/// The hash of the sources, which is for the test `fresh` only.
const SOURCES: &str = "sources.sha256";
/// The page that every address of the UI gets; its program looks at the address.
pub const PAGE: &str = "index.html";

/// One file.
pub struct File {
    /// Its bytes.
    pub plain: Bytes,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// Value of `ETag`.
    pub etag: String,
    gzip: OnceLock<Bytes>,
}

impl File {
    /// The file compressed, where that makes it shorter. Compressed when it is asked for the first time: that takes a moment of CPU, and
    /// keeps the binary and the repository free of copies.
    pub fn gzip(&self) -> Option<&Bytes> {
        // Fonts and pictures are compressed already.
        if !(self.content_type.starts_with("text/") || self.content_type.starts_with("image/svg")) {
            return None;
        }
        let compressed = self.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let written = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
            // Writing to memory does not fail; a file that is not compressed is served as it is.
            written.unwrap_or_default().into()
        });
        (!compressed.is_empty() && compressed.len() < self.plain.len()).then_some(compressed)
    }
}

/// All files by their paths, without a slash in front.
pub fn files() -> &'static BTreeMap<String, File> {
    static FILES: OnceLock<BTreeMap<String, File>> = OnceLock::new();
    FILES.get_or_init(|| {
        Dist::iter()
            .filter(|path| path != SOURCES)
            .filter_map(|path| {
                let embedded = Dist::get(&path)?;
                let hash: String = embedded.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                let file = File {
                    plain: Bytes::from(embedded.data.into_owned()),
                    content_type: content_type(&path),
                    etag: format!("\"{hash}\""),
                    gzip: OnceLock::new(),
                };
                Some((path.into_owned(), file))
            })
            .collect()
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
