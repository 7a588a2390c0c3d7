//! A registry behind TLS that asks for klamm's certificate.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

use klamm_registry::{Error, Settings, Subjects, register};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    ssl::{HandshakeError, SslAcceptor, SslMethod, SslVerifyMode},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

/// A certificate with its key.
struct Pair {
    certificate: X509,
    key: PKey<Private>,
}

/// Signed by an authority, or by itself: then it is one.
fn certificate(name: &str, authority: Option<&Pair>) -> Pair {
    let key = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a certificate");
    builder.set_version(2).expect("version 3");
    builder.set_serial_number(&BigNum::from_u32(1).and_then(|it| it.to_asn1_integer()).expect("a number")).expect("a number");
    builder.set_subject_name(&subject).expect("a name");
    builder.set_issuer_name(authority.map_or(&subject, |it| it.certificate.subject_name())).expect("a name");
    builder.set_not_before(&Asn1Time::days_from_now(0).expect("a time")).expect("a time");
    builder.set_not_after(&Asn1Time::days_from_now(2).expect("a time")).expect("a time");
    builder.set_pubkey(&key).expect("a key");
    if authority.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().expect("an extension")).expect("an extension");
    } else {
        let names = SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).expect("an extension");
        builder.append_extension(names).expect("an extension");
    }
    builder.sign(authority.map_or(&key, |it| &it.key), MessageDigest::sha256()).expect("a signature");
    Pair { certificate: builder.build(), key }
}

fn write(path: &Path, pem: &[u8]) -> String {
    std::fs::write(path, pem).expect("a file");
    path.to_str().expect("a path").to_owned()
}

/// Answers each request with an id, over TLS, to those who show a certificate of the authority.
fn start(authority: &Pair, own: &Pair) -> String {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("an acceptor");
    acceptor.set_certificate(&own.certificate).expect("a certificate");
    acceptor.set_private_key(&own.key).expect("a key");
    acceptor.cert_store_mut().add_cert(authority.certificate.clone()).expect("an authority");
    acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = match acceptor.accept(stream) {
                Ok(stream) => stream,
                Err(HandshakeError::Failure(mut refused)) => {
                    // What the client has sent meanwhile is read: else the connection is reset, and the refusal may not arrive.
                    let _ = std::io::copy(refused.get_mut(), &mut std::io::sink());
                    continue;
                }
                Err(_) => continue,
            };
            let mut request = Vec::new();
            let mut chunk = [0; 16 << 10];
            // The body is JSON of two members; the second ends it.
            while !request.ends_with(b"\"schemaType\":\"AVRO\"}") {
                match stream.read(&mut chunk) {
                    Ok(read) if read > 0 => request.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{\"id\":7}");
            let _ = stream.shutdown();
        }
    });
    url
}

#[test]
fn it_is_trusted_by_its_authority_and_shown_klamms_certificate() {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = certificate("authority", None);
    let url = start(&authority, &certificate("registry", Some(&authority)));
    let own = certificate("klamm", Some(&authority));
    let ca = write(&dir.path().join("ca.pem"), &authority.certificate.to_pem().expect("PEM"));
    let chain = write(&dir.path().join("own.pem"), &own.certificate.to_pem().expect("PEM"));
    let key = write(&dir.path().join("own.key"), &own.key.private_key_to_pem_pkcs8().expect("PEM"));
    let right = Settings { url, ca_file: Some(ca), client_cert_and_key_files: Some((chain.clone(), key)), ..Settings::default() };
    register(&right, &Subjects::new("klamm.")).expect("ids");

    let other = certificate("another authority", None);
    let other = write(&dir.path().join("other.pem"), &other.certificate.to_pem().expect("PEM"));
    for wrong in [
        Settings { ca_file: None, ..right.clone() },
        Settings { ca_file: Some(other), ..right.clone() },
        Settings { client_cert_and_key_files: None, ..right.clone() },
    ] {
        let error = register(&wrong, &Subjects::new("klamm.")).expect_err("no trust");
        assert!(matches!(error, Error::Refused { .. }), "waiting would not help: {error:?}");
        assert!(error.to_string().contains(&right.url) && error.remedy().contains("registry.ca_file"), "{error}: {}", error.remedy());
    }

    let old_form = own.key.rsa().and_then(|key| key.private_key_to_pem()).expect("PEM");
    let old_form = write(&dir.path().join("old.key"), &old_form);
    let error = register(&Settings { client_cert_and_key_files: Some((chain, old_form)), ..right }, &Subjects::new("klamm."))
        .expect_err("the old form");
    assert!(matches!(error, Error::Settings { .. }) && error.remedy().contains("pkcs8"), "{error}");
}
