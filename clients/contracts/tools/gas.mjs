// Writes the tables of GAS.md, between their markers, from snapshots/.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const snapshot = (group) => {
  const values = JSON.parse(readFileSync(join(home, 'snapshots', `${group}.json`), 'utf8'));
  return (name) => {
    if (!(name in values)) throw new Error(`snapshots/${group}.json has no "${name}"`);
    return Number(values[name]);
  };
};
const post = snapshot('postBatch');
const floor = snapshot('postBatchFloor');
const read = snapshot('isProven');
const alone = snapshot('lone')('Groth16, 2 inputs');
const number = (x) => Math.round(x).toLocaleString('en-US');
const row = (...cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(...head), row(...head.map(() => '--:')), ...rows.map((r) => row(...r))].join('\n');

// What others say of theirs.
const GROTH16 = 207_000 + 7_200;
const EZKL = [535_000, 709_000];
const TOUCH = 2_600; // a contract that a transaction has not touched

const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const paid = (n) => Math.max(post(String(n)), floor(String(n)));
const each = (n) => paid(n) / n + read(`depth ${Math.log2(n)}, cold`) + TOUCH;
const factor = (gas, n) => `${(gas / each(n)).toFixed(gas < each(n) ? 2 : 1)} ×`;
const first = (gas) => sizes.find((n) => each(n) < gas);

const breakEven = [
  table(
    ['statements', 'transaction', 'a statement', 'and a first read', 'Groth16 here', 'Groth16', 'EZKL'],
    sizes.map((n) => [
      n, number(paid(n)), number(paid(n) / n), number(each(n)), factor(alone, n), factor(GROTH16, n),
      EZKL.map((gas) => factor(gas, n)).join(' to '),
    ]),
  ),
  '',
  `A batch is cheaper than proofs one by one from ${first(alone)} statements on against Groth16 here (${number(alone)}), from ` +
    `${first(GROTH16)} against Groth16 (${number(GROTH16)}), from ${first(EZKL[0])} against EZKL (${number(EZKL[0])}).`,
].join('\n');

const depths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12];
const reads = table(
  ['depth', 'first read', 'again'],
  depths.map((d) => [d, number(read(`depth ${d}, cold`) + TOUCH), number(read(`depth ${d}, warm`))]),
);

const hasher = snapshot('publicInputs');
const others = table(
  ['what', 'gas'],
  [
    ['`postBatch`, 128 statements of 128 programs', number(post('128 programs'))],
    ['`postBatch`, 4,096 statements of one program', number(post('4096'))],
    ['the same under EIP-7623, whose floor is higher', number(Math.max(post('4096'), floor('4096')))],
    ['`digestOf`, 8 values', number(hasher('8 values'))],
    ['`digestOf`, each 8 more: a permutation and taking them in', number(hasher('8 values more'))],
    ['`CreditLimits.setLimit`, 20 values, depth 7', number(snapshot('consumer')('CreditLimits.setLimit, 20 values, depth 7'))],
  ],
);

const path = join(home, 'GAS.md');
let text = readFileSync(path, 'utf8');
for (const [name, body] of Object.entries({ 'break-even': breakEven, reads, others })) {
  const marked = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
  if (!marked.test(text)) throw new Error(`GAS.md has no place for ${name}`);
  text = text.replace(marked, (_, open, close) => `${open}${body}\n${close}`);
}
writeFileSync(path, text);
