// Writes artifacts/<Name>.json from what `forge build` left in out/: what Rust embeds. Sorted, and nothing that depends
// on where or when it was built.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const CONTRACTS = [
  'BatchRegistry',
  'CalldataBatchVerifier',
  'CreditLimits',
  'ERC7992Registry',
  'ERC7992Verifier',
  'ERC8039Adapter',
  'EzklAdapter',
  'NebraAdapter',
  'PublicInputs',
  'RiscZeroAdapter',
  'SP1Adapter',
  'VerifierRouter',
];

const key = (entry) => `${entry.type} ${entry.name ?? ''} ${(entry.inputs ?? []).map((i) => i.type).join()}`;
const sorted = (value) =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.keys(value).sort().map((k) => [k, sorted(value[k])]))
    : Array.isArray(value) ? value.map(sorted) : value;

const target = join(home, 'artifacts');
mkdirSync(target, { recursive: true });
for (const name of readdirSync(target)) rmSync(join(target, name));
for (const name of CONTRACTS) {
  const built = JSON.parse(readFileSync(join(home, 'out', `${name}.sol`, `${name}.json`), 'utf8'));
  const bytes = ({ object, linkReferences }) => {
    if (!/^0x([0-9a-f]{2})+$/.test(object) || Object.keys(linkReferences).length) {
      throw new Error(`${name}: not linked, or no code`);
    }
    return object;
  };
  const artifact = {
    abi: sorted(built.abi.sort((a, b) => (key(a) < key(b) ? -1 : 1))),
    bytecode: bytes(built.bytecode),
    deployedBytecode: bytes(built.deployedBytecode),
  };
  writeFileSync(join(target, `${name}.json`), `${JSON.stringify(artifact, null, 2)}\n`);
}
