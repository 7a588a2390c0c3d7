/** All scenarios in one process, some at a time: they mostly wait. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';

describe('scenarios', { concurrency: 6, timeout: 180_000 }, () => {
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.ts')) require(join(__dirname, file));
  }
});
