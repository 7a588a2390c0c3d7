//! A process's life, from its sockets and its data directory to its end. [`alone`] is the whole life of `klamm dev`, [`member`] that of a
//! process of a cluster. [`owned`] is what both run while they own the partitions.

pub mod alone;
pub mod announce;
pub mod beats;
pub mod data_dir;
pub mod declared;
pub mod descriptors;
pub mod destinations;
pub mod feeding;
pub mod front;
pub mod giving_back;
pub mod kafka_log;
pub mod listen;
pub mod member;
pub mod namespaces;
pub mod owned;
pub mod parts;
pub mod progress;
pub mod readable;
pub mod schemas;
pub mod share_groups;
pub mod standby;
pub mod stop_signal;
pub mod stopping;
pub mod terms;
pub mod topics_watch;
pub mod visibility_topic;
