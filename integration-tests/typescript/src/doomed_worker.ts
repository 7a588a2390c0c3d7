/** A worker that works until it is killed: `tsx src/doomed_worker.ts TASK_QUEUE`. Tasks stay on its sticky queue for at most 1 s. */
import { newWorker } from './harness';

newWorker(process.argv[2], { stickyQueueScheduleToStartTimeout: '1 second' })
  .then((worker) => worker.run())
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
