/** All programs of the suite, as the SDK's bundler wants them: one module that exports every workflow. */
export * from './programs/cancellation';
export * from './programs/chain';
export * from './programs/chain_retries';
export * from './programs/children';
export * from './programs/climb';
export * from './programs/externals';
export * from './programs/hello';
export * from './programs/many';
export * from './programs/order';
export * from './programs/patching';
export * from './programs/retrying';
export * from './programs/signals';
export * from './programs/takeover';
export * from './programs/timers';
export * from './programs/updates';
