//! The calls of services that have HTTP rules, and which of them a request is.

use std::sync::Arc;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

use crate::{
    Form, Template,
    decode::decode,
    encode::encode,
    json::Invalid,
    query,
    template::{Segment, segments},
    writing::Unshowable,
};

/// A method of HTTP that a rule may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Patch,
}

impl Method {
    /// A method by its name in requests.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Self::Get,
            "PUT" => Self::Put,
            "POST" => Self::Post,
            "DELETE" => Self::Delete,
            "PATCH" => Self::Patch,
            _ => return None,
        })
    }

    /// Its name in documents, which is also the rule's field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Post => "post",
            Self::Delete => "delete",
            Self::Patch => "patch",
        }
    }
}

/// A call of a service.
#[derive(Debug, Clone)]
pub struct Call {
    method: MethodDescriptor,
}

impl Call {
    /// Where gRPC has the call: `/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo`.
    pub fn grpc_path(&self) -> String {
        format!("/{}/{}", self.method.parent_service().full_name(), self.method.name())
    }

    /// Its descriptor.
    pub fn descriptor(&self) -> &MethodDescriptor {
        &self.method
    }

    /// The JSON of an answer that gRPC has given.
    ///
    /// # Errors
    /// The answer is none of this call's, or holds a value that JSON cannot express.
    pub fn answer(&self, bytes: bytes::Bytes, form: Form) -> Result<String, Unshowable> {
        let message = DynamicMessage::decode(self.method.output(), bytes).map_err(|error| Unshowable(error.to_string()))?;
        encode(&message, form)
    }
}

/// One way to a call.
#[derive(Debug)]
pub struct Rule {
    pub call: Call,
    pub method: Method,
    pub template: Template,
    /// What the body is: the request (`*`), a field of it, or nothing (empty).
    pub body: String,
}

/// All calls with HTTP rules.
#[derive(Debug, Clone)]
pub struct Api {
    pool: DescriptorPool,
    rules: Arc<Vec<Rule>>,
}

/// Why a path leads to no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unroutable {
    /// No rule has this path.
    NotFound,
    /// Rules have this path with other methods.
    MethodNotAllowed,
    /// An escape in the path is broken.
    Malformed,
}

/// The call that a request is.
#[derive(Debug)]
pub struct Found<'a> {
    rule: &'a Rule,
    variables: Vec<(&'a str, String)>,
}

impl Api {
    /// The calls that `rules` names: one a line, with service, call, method, path, and `*` or a field when there is a body. `descriptors` is
    /// an encoded `FileDescriptorSet` that has the services and all that they use.
    ///
    /// # Errors
    /// The descriptors or a rule cannot be read: text for whoever builds.
    pub fn new(descriptors: &[u8], rules: &str) -> Result<Self, String> {
        let pool = DescriptorPool::decode(descriptors).map_err(|error| error.to_string())?;
        let rules = rules.lines().map(|line| rule(&pool, line).ok_or_else(|| format!("the rule {line:?}"))).collect::<Result<_, _>>()?;
        Ok(Self { pool, rules: Arc::new(rules) })
    }

    /// The call of a request. `path` is that of its URL, with its escapes.
    ///
    /// # Errors
    /// See [`Unroutable`].
    pub fn find(&self, method: &str, path: &str) -> Result<Found<'_>, Unroutable> {
        let path = segments(path).ok_or(Unroutable::Malformed)?;
        let asked = Method::of(method);
        let mut is_known = false;
        // As in grpc-gateway, a rule comes before all that stand in front of it: literals come behind the variables that also fit.
        for rule in self.rules.iter().rev() {
            if let Some(variables) = rule.template.fit(&path) {
                if Some(rule.method) == asked {
                    return Ok(Found { rule, variables });
                }
                is_known = true;
            }
        }
        Err(if is_known { Unroutable::MethodNotAllowed } else { Unroutable::NotFound })
    }

    /// The messages and services.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Found<'_> {
    /// The call.
    pub fn call(&self) -> &Call {
        &self.rule.call
    }

    /// Whether the call reads a body.
    pub fn has_body(&self) -> bool {
        !self.rule.body.is_empty()
    }

    /// The request as protobuf, from body, query and path. The path comes last: what it says holds.
    ///
    /// # Errors
    /// Body, query or path do not fit the request.
    pub fn request(&self, query: &[(String, String)], body: &[u8], form: Form) -> Result<Vec<u8>, Invalid> {
        let descriptor = self.rule.call.method.input();
        let mut message = match self.rule.body.as_str() {
            "*" => decode(body, &descriptor, form)?,
            "" => DynamicMessage::new(descriptor),
            field => {
                let mut message = DynamicMessage::new(descriptor.clone());
                let field = descriptor.get_field_by_name(field).ok_or_else(|| Invalid(format!("missing parameter {field}")))?;
                if let Some(inner) = field.kind().as_message() {
                    message.set_field(&field, Value::Message(decode(body, inner, form)?));
                }
                message
            }
        };
        if self.rule.body != "*" {
            let variables = self.variables.iter().map(|(name, _)| (*name).to_owned());
            let taken: Vec<_> = variables.chain((!self.rule.body.is_empty()).then(|| self.rule.body.clone())).collect();
            query::populate(&mut message, query, &taken)?;
        }
        for (name, value) in &self.variables {
            query::set_variable(&mut message, name, value.clone())?;
        }
        Ok(message.encode_to_vec())
    }
}

fn rule(pool: &DescriptorPool, line: &str) -> Option<Rule> {
    let mut words = line.split(' ');
    let (service, call, verb, path) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let method = pool.get_service_by_name(service)?.methods().find(|method| method.name() == call)?;
    let body = words.next().unwrap_or_default().to_owned();
    Some(Rule { call: Call { method }, method: Method::of(verb)?, template: Template::parse(path)?, body })
}

/// A template's text, with the JSON names of its variables.
pub(crate) fn shown(template: &Template) -> String {
    let segments = template.segments().iter().map(|segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Variable(name) => format!("/{{{name}}}"),
    });
    segments.collect()
}
