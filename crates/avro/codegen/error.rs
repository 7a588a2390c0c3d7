//! What has no mapping.

/// Why a descriptor set has no mapping. Each names the place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The set is no descriptor set.
    #[error("the descriptor set cannot be read: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// A topic's message is not in the set.
    #[error("there is no message {0}")]
    NoMessage(String),
    /// Avro could say it, but Flink, Spark, ksqlDB and Connect could not read it.
    #[error("recursion: {0}")]
    Recursion(String),
    /// A map with keys that are no strings.
    #[error("{0} is a map whose keys are no strings")]
    MapKey(String),
    /// Elements without any byte have no bound on their number.
    #[error("{0} is repeated, but its elements have no fields")]
    EmptyElement(String),
    /// Two messages become records of the same name.
    #[error("two messages become {0}")]
    SameName(String),
    /// Something of protobuf that klamm's and Temporal's messages do not use.
    #[error("{0} has no mapping")]
    Unmapped(String),
}
