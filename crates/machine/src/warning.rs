//! What a decision wants people to know, although it has accepted the command.

/// Something has come near its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// Name of the limit, as the configuration has it.
    pub limit: &'static str,
    /// How much there is.
    pub value: u64,
    /// From where on there are warnings.
    pub warn_from: u64,
}
