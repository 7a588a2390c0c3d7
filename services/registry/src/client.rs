//! Calls to a registry, and their errors, which are sorted by what the caller does next.

use std::{fmt, path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use ureq::{
    Agent,
    http::{Response, StatusCode},
    tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

/// Longest time that one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Content type of a request's body.
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";
/// The beginning of a key in PKCS 8.
const PKCS8: &[u8] = b"BEGIN PRIVATE KEY";
/// How many characters of an answer are shown that is not understood.
const SHOWN_CHARS: usize = 200;

/// Where a registry is, and how klamm authenticates itself.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `http://` or `https://`, host, port, and possibly a path.
    pub url: String,
    /// How klamm authenticates itself.
    pub authentication: Authentication,
    /// PEM file of the authorities that are trusted instead of the system's.
    pub ca_file: Option<String>,
    /// PEM files of klamm's own certificate (followed by the certificates between it and its authority) and of its key.
    pub client_cert_and_key_files: Option<(String, String)>,
}

/// How klamm authenticates itself.
#[derive(Clone, Default)]
pub enum Authentication {
    /// Not at all.
    #[default]
    None,
    /// By name and password.
    Basic {
        /// Name.
        username: String,
        /// Password.
        password: String,
    },
    /// By a token.
    Bearer(String),
}

impl fmt::Debug for Authentication {
    /// Shows neither password nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic { username, .. } => write!(f, "Basic({username})"),
            Self::Bearer(_) => f.write_str("Bearer"),
        }
    }
}

/// Why klamm's schemas are not registered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry doesn't answer, or says that it can't now: ask again later.
    #[error("the schema registry at {url} is away: {reason}")]
    Away {
        /// The registry's address.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The registry answers and refuses, or it is no registry. Asking again would not help.
    #[error("the schema registry at {url} refuses {subject}: {reason}")]
    Refused {
        /// The registry's address.
        url: String,
        /// What was asked about.
        subject: String,
        /// What it says.
        reason: String,
        /// What would help.
        remedy: String,
    },
    /// The settings can't be used.
    #[error("{what}: {reason}")]
    Settings {
        /// The setting or file.
        what: String,
        /// What is wrong with it.
        reason: String,
        /// What would help.
        remedy: String,
    },
}

impl Error {
    /// What would help.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Away { .. } => "start it, or correct registry.url; klamm goes on trying",
            Self::Refused { remedy, .. } | Self::Settings { remedy, .. } => remedy,
        }
    }
}

/// A schema as requests and answers hold it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration<'a> {
    /// The schema's text.
    pub schema: &'a str,
    /// Always AVRO.
    pub schema_type: &'static str,
}

/// The part of an answer about a schema that is read.
#[derive(Debug, Deserialize)]
pub struct Registered {
    /// The schema's id.
    pub id: u32,
}

/// The part of an answer about a schema of other programs that is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stored {
    /// Its id; 0 in the answer to a question by id.
    #[serde(default)]
    pub id: u32,
    /// What it is written in, such as `AVRO`.
    #[serde(rename = "schemaType", default = "avro")]
    pub kind: String,
    /// Its text.
    #[serde(rename = "schema")]
    pub text: String,
    /// What it refers to.
    #[serde(default, deserialize_with = "some_or_none")]
    pub references: Vec<Reference>,
}

/// What a schema refers to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// How the schema names it.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// The version of the subject.
    pub version: u32,
}

/// What a schema is written in when nothing is said of it.
fn avro() -> String {
    "AVRO".to_owned()
}

/// Some registries write null for nothing.
fn some_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Reference>, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// An error as registries write it.
#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(default)]
    error_code: i64,
    #[serde(default)]
    message: String,
    /// Only Apicurio's own API has it.
    #[serde(default)]
    name: String,
}

/// A client of one registry.
pub struct Client {
    agent: Agent,
    url: String,
    authorization: Option<String>,
}

impl Client {
    /// Reads the files that the settings name.
    ///
    /// # Errors
    /// [`Error::Settings`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let roots = match &settings.ca_file {
            Some(file) => RootCerts::new_with_certs(&certificates(file, "registry.ca_file")?),
            None => RootCerts::PlatformVerifier,
        };
        let own = settings.client_cert_and_key_files.as_ref().map(|(certificate, key)| own_certificate(certificate, key)).transpose()?;
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(roots).client_cert(own).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(CALL_TIMEOUT))
            .http_status_as_error(false)
            // No redirect is followed, because the request has credentials. A registry that moved is a setting to correct.
            .max_redirects(0)
            .user_agent(concat!("klamm/", env!("CARGO_PKG_VERSION")))
            .build();
        let authorization = match &settings.authentication {
            Authentication::None => None,
            Authentication::Basic { username, password } => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))))
            }
            Authentication::Bearer(token) => Some(format!("Bearer {token}")),
        };
        Ok(Self { agent: config.into(), url: settings.url.trim_end_matches('/').to_owned(), authorization })
    }

    /// The id under which a subject has this schema; `None` when the subject doesn't have it.
    pub fn look_up(&self, subject: &str, schema: &str) -> Result<Option<u32>, Error> {
        match self.post(subject, "", schema)? {
            Answer::Good(Registered { id }) => Ok(Some(id)),
            Answer::Bad(StatusCode::NOT_FOUND, Fault { error_code: 40401 | 40403, .. }) => Ok(None),
            Answer::Bad(status, fault) => Err(self.refused(subject, status, &fault)),
        }
    }

    /// Registers the schema and gives its id. If it is registered already, gives the id that it has.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32, Error> {
        match self.post(subject, "/versions", schema)? {
            Answer::Good(Registered { id }) => Ok(id),
            Answer::Bad(status, fault) => Err(self.refused(subject, status, &fault)),
        }
    }

    /// The schema with this id; `None`: there is none.
    pub fn schema(&self, id: u32) -> Result<Option<Stored>, Error> {
        // Registries count with 31 bits, and answer to a larger number as to an address that they do not know.
        if i32::try_from(id).is_err() {
            return Ok(None);
        }
        self.stored(&format!("the schema with the id {id}"), &format!("schemas/ids/{id}"))
    }

    /// The schema with this GUID; `None`: there is none. Registries older than the idea know no such path.
    pub fn of_guid(&self, guid: &str) -> Result<Option<Stored>, Error> {
        let (subject, path) = (format!("the schema with the GUID {guid}"), format!("schemas/guids/{guid}"));
        match self.get(&subject, &format!("{}/{path}", self.url))? {
            Answer::Bad(status @ StatusCode::NOT_FOUND, Fault { error_code, .. }) if !(40401..=40499).contains(&error_code) => {
                Err(Error::Refused {
                    url: self.url.clone(),
                    subject,
                    reason: format!("{status}: it does not know GUIDs of schemas"),
                    remedy: "use a registry that does, or write the schema's id in front of the values".to_owned(),
                })
            }
            answer => self.known(&subject, answer),
        }
    }

    /// A version of a subject; `None`: there is none.
    pub fn version(&self, subject: &str, version: &str) -> Result<Option<Stored>, Error> {
        self.stored(subject, &format!("subjects/{}/versions/{version}", escaped(subject)))
    }

    /// The registry's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Content type and text of what stands at an address of Apicurio's own API; `None`: there is nothing.
    pub fn text(&self, subject: &str, address: &str) -> Result<Option<(String, String)>, Error> {
        let response = self.call(subject, address, "*/*")?;
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        match self.good_or_fault(subject, response)? {
            Answer::Good(text) => Ok(Some((content_type, text))),
            Answer::Bad(StatusCode::NOT_FOUND, fault) if fault.name.ends_with("NotFoundException") => Ok(None),
            Answer::Bad(status, fault) => Err(self.refused(subject, status, &fault)),
        }
    }

    fn stored(&self, subject: &str, path: &str) -> Result<Option<Stored>, Error> {
        let answer = self.get(subject, &format!("{}/{path}", self.url))?;
        self.known(subject, answer)
    }

    /// What is known of something for which it was asked.
    fn known<T>(&self, subject: &str, answer: Answer<T>) -> Result<Option<T>, Error> {
        match answer {
            Answer::Good(found) => Ok(Some(found)),
            Answer::Bad(StatusCode::NOT_FOUND, Fault { error_code: 40401..=40403, .. }) => Ok(None),
            Answer::Bad(status, fault) => Err(self.refused(subject, status, &fault)),
        }
    }

    fn get<T: DeserializeOwned>(&self, subject: &str, url: &str) -> Result<Answer<T>, Error> {
        let response = self.call(subject, url, &format!("{CONTENT_TYPE}, application/json"))?;
        self.answer(subject, response)
    }

    fn call(&self, subject: &str, url: &str, accept: &str) -> Result<Response<ureq::Body>, Error> {
        let mut request = self.agent.get(url).header("Accept", accept);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        request.call().map_err(|error| self.failed(subject, error))
    }

    fn post<T: DeserializeOwned>(&self, subject: &str, path: &str, schema: &str) -> Result<Answer<T>, Error> {
        let mut request = self.agent.post(format!("{}/subjects/{subject}{path}", self.url)).content_type(CONTENT_TYPE);
        request = request.header("Accept", format!("{CONTENT_TYPE}, application/json"));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let body = serde_json::to_string(&Registration { schema, schema_type: "AVRO" }).unwrap_or_default();
        let response = request.send(body).map_err(|error| self.failed(subject, error))?;
        self.answer(subject, response)
    }

    fn answer<T: DeserializeOwned>(&self, subject: &str, response: Response<ureq::Body>) -> Result<Answer<T>, Error> {
        match self.good_or_fault(subject, response)? {
            Answer::Good(text) => serde_json::from_str(&text)
                .map(Answer::Good)
                .map_err(|_| self.no_registry(subject, &format!("it answers {:?}", shown(&text)))),
            Answer::Bad(status, fault) => Ok(Answer::Bad(status, fault)),
        }
    }

    /// The answer's text, or what is said in its place.
    fn good_or_fault(&self, subject: &str, mut response: Response<ureq::Body>) -> Result<Answer<String>, Error> {
        let status = response.status();
        let text = response.body_mut().read_to_string().map_err(|error| self.failed(subject, error))?;
        if status.is_success() {
            return Ok(Answer::Good(text));
        }
        let fault: Fault = serde_json::from_str(&text).unwrap_or_default();
        if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            let reason = if fault.message.is_empty() { status.to_string() } else { format!("{status}: {}", fault.message) };
            return Err(Error::Away { url: self.url.clone(), reason });
        }
        Ok(Answer::Bad(status, fault))
    }

    /// The error when there was no answer. A failed TLS handshake is a setting to correct; what a later try may mend is [`Error::Away`].
    fn failed(&self, subject: &str, error: ureq::Error) -> Error {
        match error {
            ureq::Error::NativeTls(error) => self.no_trust(subject, &error.to_string()),
            // With TLS 1.3 the registry checks klamm's certificate only after klamm has finished its part of the handshake. So its alert
            // comes in place of an answer.
            ureq::Error::Io(error) if error.to_string().contains("alert") => self.no_trust(subject, &error.to_string()),
            ureq::Error::BadUri(reason) => Error::Settings {
                what: format!("registry.url {}", self.url),
                reason,
                remedy: "write it such as https://registry:8081".to_owned(),
            },
            error => Error::Away { url: self.url.clone(), reason: error.to_string() },
        }
    }

    fn no_trust(&self, subject: &str, reason: &str) -> Error {
        Error::Refused {
            url: self.url.clone(),
            subject: subject.to_owned(),
            reason: format!("TLS: {reason}"),
            remedy: "name its authority's certificate with registry.ca_file, and klamm's own certificate if it asks for one".to_owned(),
        }
    }

    fn no_registry(&self, subject: &str, what: &str) -> Error {
        Error::Refused {
            url: self.url.clone(),
            subject: subject.to_owned(),
            reason: format!("{what}, as no registry does"),
            remedy: "correct registry.url: the address of Confluent's API, with its path if it has one".to_owned(),
        }
    }

    fn refused(&self, subject: &str, status: StatusCode, fault: &Fault) -> Error {
        if status.is_redirection() || (status == StatusCode::NOT_FOUND && !(40401..=40499).contains(&fault.error_code)) {
            return self.no_registry(subject, &format!("it answers {status}"));
        }
        let remedy = match (status, fault.error_code) {
            (StatusCode::UNAUTHORIZED, _) => "correct registry.username and registry.password, or registry.token".to_owned(),
            (StatusCode::FORBIDDEN, _) => {
                format!("let klamm read and write the subject {subject}, or register its schema ahead and let klamm read it")
            }
            (StatusCode::CONFLICT, _) => format!(
                "another schema stands under {subject}: use another kafka.topic_prefix, delete that subject, or loosen its compatibility"
            ),
            (_, 42205) => "take the registry or the subject out of read-only mode, or register the schema ahead".to_owned(),
            _ => "see the registry's log".to_owned(),
        };
        let reason = if fault.message.is_empty() { status.to_string() } else { format!("{status}: {}", shown(&fault.message)) };
        Error::Refused { url: self.url.clone(), subject: subject.to_owned(), reason, remedy }
    }
}

/// A text as one part of a path.
fn escaped(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A registry's answer.
enum Answer<T> {
    Good(T),
    Bad(StatusCode, Fault),
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

fn read(file: &str, setting: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(Path::new(file)).map_err(|error| Error::Settings {
        what: format!("reading {setting} {file}"),
        reason: error.to_string(),
        remedy: "name a PEM file that klamm may read".to_owned(),
    })
}

fn certificates(file: &str, setting: &str) -> Result<Vec<Certificate<'static>>, Error> {
    let pem = read(file, setting)?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() {
        return Err(Error::Settings {
            what: format!("reading {setting} {file}"),
            reason: "it holds no certificate".to_owned(),
            remedy: "name a PEM file: it has lines of BEGIN CERTIFICATE".to_owned(),
        });
    }
    Ok(certificates)
}

fn own_certificate(certificate: &str, key: &str) -> Result<ClientCert, Error> {
    let chain = certificates(certificate, "registry.client_cert_file")?;
    let wrong = |reason: String| Error::Settings {
        what: format!("reading registry.client_key_file {key}"),
        reason,
        remedy: "write it in PKCS 8: openssl pkcs8 -topk8 -nocrypt".to_owned(),
    };
    let pem = read(key, "registry.client_key_file")?;
    // Keys in PKCS 8 are the only ones that can be given to OpenSSL here. The label shows the form.
    if !pem.windows(PKCS8.len()).any(|window| window == PKCS8) {
        return Err(wrong("it is no key in PKCS 8 (BEGIN PRIVATE KEY)".to_owned()));
    }
    let key = PrivateKey::from_pem(&pem).map_err(|error| wrong(error.to_string()))?;
    Ok(ClientCert::new_with_certs(&chain, key))
}
