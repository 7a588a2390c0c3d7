/** Bundles the workflows once for all test files: `tsx src/bundle.ts FILE`; WORKFLOW_BUNDLE then names the file. */
import { writeFileSync } from 'node:fs';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

async function main(file: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('./workflows'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(file, code);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
