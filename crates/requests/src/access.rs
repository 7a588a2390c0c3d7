//! Which access a call needs of its caller. Nothing enforces this yet.
//!
//! The levels and scopes are those of Temporal's own table (common/api/metadata.go), so Temporal's roles mean the same here.

/// How much a caller must be allowed. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// To read.
    Read,
    /// To do what programs and workers do.
    Write,
    /// To change the namespace or the system itself.
    Admin,
}

/// Where a caller must have that access. It depends on where the call's namespace comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In one namespace, which the request's field `namespace` names. A request with a task token acts in the token's namespace; it names
    /// that namespace too.
    Namespace,
    /// In the system as a whole: the request names no namespace.
    System,
    /// Nowhere. Clients make the call before they say who they are, and the answer tells nothing about what is stored.
    None,
}

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// How much.
    pub access: Access,
    /// Where.
    pub scope: Scope,
}

/// Who makes a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// The caller has not said who it is.
    #[default]
    Anonymous,
}
