//! Temporal's API as its descriptors and HTTP rules say it.

use std::sync::LazyLock;

use klamm_rest::Api;
use prost_reflect::DescriptorPool;

/// The calls that have HTTP rules.
pub static API: LazyLock<Api> = LazyLock::new(|| {
    let api = Api::new(klamm_messages::DESCRIPTOR_SET, klamm_api::HTTP_RULES);
    api.expect("the descriptors and rules that this program was built with can be read, which a test checks")
});

/// The descriptors of all messages of the API.
pub fn descriptors() -> &'static DescriptorPool {
    API.pool()
}
