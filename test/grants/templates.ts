import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesizePlatform } from '../../local/command/synth';
import { CONFIGURATION } from './configuration';

const ROOT = join(__dirname, '..', '..');

export interface SynthesizedTemplates {
  readonly assembly: string;
  remove(): void;
}

/** Synthesizes the app with everything switched on, into a folder of its own. */
export async function synthesizeTemplates(): Promise<SynthesizedTemplates> {
  const directory = mkdtempSync(join(tmpdir(), 'grants-assembly-'));
  const configFile = join(directory, 'config.json');
  writeFileSync(configFile, JSON.stringify(CONFIGURATION));
  const assembly = join(directory, 'cdk.out');
  const { signal } = new AbortController();
  await synthesizePlatform(ROOT, { environment: 'local', outputDirectory: assembly, configFile, signal });
  return { assembly, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
