// Builds the two bundles of the replica's page into dist/, with the licences of
// what is in them and the hashes of what they were made from. A Go test holds
// the hashes against the sources, so a forgotten rebuild is noticed without npm.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const generations = {
  v3: { react: 'react-16', 'react-dom': 'react-dom-16', 'react-select': 'react-select-3' },
  v5: {},
};

const packages = new Set();
await mkdir('dist', { recursive: true });
for (const [name, alias] of Object.entries(generations)) {
  const { metafile } = await build({
    entryPoints: [`src/mount-${name}.jsx`],
    outfile: `dist/page-${name}.js`,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2020',
    jsx: 'transform',
    inject: ['src/react.js'],
    legalComments: 'none', // the whole licences are in LICENSES.txt
    define: { 'process.env.NODE_ENV': '"production"' },
    alias,
    metafile: true,
  });
  for (const input of Object.keys(metafile.inputs)) {
    const at = input.lastIndexOf('node_modules/');
    if (at < 0) continue;
    const parts = input.slice(at + 'node_modules/'.length).split('/');
    const name = parts[0].startsWith('@') ? `${parts[0]}/${parts[1]}` : parts[0];
    packages.add(input.slice(0, at) + 'node_modules/' + name);
  }
}

// One entry a licence text, with the packages that are under it.
const licences = new Map();
for (const dir of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(path.join(dir, 'package.json'), 'utf8'));
  const file = (await readdir(dir)).find((f) => /^licen[cs]e/i.test(f));
  const text = file ? (await readFile(path.join(dir, file), 'utf8')).trim() : `Licence: ${license}`;
  licences.set(text, [...(licences.get(text) ?? []), `${name} ${version}`]);
}
await writeFile(
  'dist/LICENSES.txt',
  [...licences].map(([text, names]) => `${[...new Set(names)].join(', ')}\n\n${text}\n`).join(`\n${'-'.repeat(72)}\n\n`),
);

const files = ['build.mjs', 'package.json', 'package-lock.json'];
for (const dir of ['src', 'dist']) {
  for (const file of await readdir(dir)) {
    if (file !== 'SHA256SUMS') files.push(`${dir}/${file}`);
  }
}
const sums = [];
for (const file of files.sort()) {
  sums.push(`${createHash('sha256').update(await readFile(file)).digest('hex')}  ${file}\n`);
}
await writeFile('dist/SHA256SUMS', sums.join(''));
