// The workflow that Restate's server calls while it is measured: `steps` durable steps, one after the other, as klamm's workflows have
// activities. Serves HTTP/2 without TLS on the port that it is given, and prints "ready" when it listens.

// Node.js has this function from version 22 on; the SDK takes it for granted.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
};

// Imported late: the lines above have to run first.
const restate = await import("@restatedev/restate-sdk");

const planned = restate.workflow({
  name: "Planned",
  handlers: {
    run: async (ctx, { steps }) => {
      for (let step = 0; step < steps; step++) {
        await ctx.run(`step ${step}`, () => ({ activities: 1 }));
      }
      return { activities: steps };
    },
  },
});

await restate.serve({ services: [planned], port: Number(process.argv[2]) });
console.log("ready");
