// Compares what slither finds with slither.triage.json, where every finding that stays has its reason. Fails for a finding
// that is not there, and for an entry that nothing was found for. Reads slither's JSON from standard input.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const report = JSON.parse(readFileSync(0, 'utf8'));
if (!report.success) throw new Error(`slither failed: ${report.error}`);
const found = new Set(
  (report.results.detectors ?? []).map(({ check, description }) => `${check}: ${description.split(' (')[0]}`),
);
const triaged = new Map();
for (const { reason, findings } of JSON.parse(readFileSync(join(home, 'slither.triage.json'), 'utf8'))) {
  if (!reason) throw new Error('slither.triage.json: an entry without a reason');
  for (const finding of findings) triaged.set(finding, reason);
}
const added = [...found].filter((f) => !triaged.has(f)).sort();
const gone = [...triaged.keys()].filter((f) => !found.has(f)).sort();
for (const f of added) console.error(`slither: ${f}`);
for (const f of gone) console.error(`slither.triage.json: nothing found for ${f}`);
if (added.length || gone.length) process.exit(1);
console.log(`slither: ${found.size} findings, all triaged`);
