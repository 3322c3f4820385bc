import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

interface Synthesis {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the app as the CDK's CLI does, with every check on. */
function synthesize(outdir: string, environment: Readonly<Record<string, string>>): Promise<Synthesis> {
  const child = spawn(process.execPath, ['--import', 'tsx', join('bin', 'holdfast.ts')], {
    cwd: ROOT,
    // No account and no credentials; nothing of the shell's but the path to run with.
    env: { PATH: process.env['PATH'] ?? '', HOME: outdir, CDK_OUTDIR: outdir, ...environment },
  });
  const output: string[] = [];
  child.stdout.on('data', (chunk) => output.push(String(chunk)));
  child.stderr.on('data', (chunk) => output.push(String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: output.join('') }));
  });
}

describe('a synthesis', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-synth-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(['dev', 'prod'])(
    'of %s without an account passes CloudFormation validation and cdk-nag, with nothing left to report',
    async (environment) => {
      const outdir = join(directory, environment);
      expect(await synthesize(outdir, { HOLDFAST_ENV: environment })).toEqual({ code: 0, output: '' });
      const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
      expect(report.pluginReports).toEqual([]);
    },
    180_000,
  );

  it('with key sets of identity providers passes the same checks', async () => {
    const config = join(directory, 'jwks.json');
    writeFileSync(
      config,
      JSON.stringify({ auth: { jwks: [{ url: 'https://login.example.com/jwks.json' }] } }),
    );
    const outdir = join(directory, 'jwks');
    const environment = { HOLDFAST_ENV: 'prod', HOLDFAST_CONFIG: config };
    expect(await synthesize(outdir, environment)).toEqual({ code: 0, output: '' });
    const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'));
    expect(report.pluginReports).toEqual([]);
  }, 180_000);

  it('refuses more namespaces than a parameter holds', async () => {
    const config = join(directory, 'many.json');
    const names = Array.from({ length: 60 }, (_, index) => [`namespace${index}`, {}]);
    writeFileSync(config, JSON.stringify({ namespaces: Object.fromEntries(names) }));
    const outdir = join(directory, 'many');
    const { code, output } = await synthesize(outdir, { HOLDFAST_CONFIG: config, CDK_VALIDATION: 'false' });
    expect(code).toBe(1);
    expect(output).toMatch(
      /^registration of service holdfast: expected at most 4096 bytes of JSON, got \d+\n$/,
    );
  }, 180_000);

  it('refuses a wrong configuration without a stack trace', async () => {
    const outdir = join(directory, 'refused');
    const { code, output } = await synthesize(outdir, { HOLDFAST_ENV: 'Dev', CDK_VALIDATION: 'false' });
    expect(code).toBe(1);
    expect(output).toMatch(/environment: expected 1 to 15 characters: .*, got "Dev"/);
    expect(output).not.toMatch(/^\s+at /m);
  }, 180_000);
});
