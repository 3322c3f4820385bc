import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthesizeApp } from '../../local/command/synth';
import { propertiesOf, type Template } from '../constructs/assembly';
import { rounds } from '../support/counts';
import { EXAMPLE, manifestIn, OtherTeam, PACKAGES } from '../support/other-team';

const ROOT = join(__dirname, '..', '..');
const NAMES = ['@holdfast/constructs', '@holdfast/local', '@holdfast/service-sdk'] as const;

let team: OtherTeam;
beforeAll(
  async () => {
    team = await OtherTeam.install();
  },
  rounds(90_000, 600_000),
);
afterAll(() => team?.remove());

/** Beside compiled code: the bootstraps of functions, the demo page, and the platform as it is synthesized. */
const EXPECTED =
  /^(package\.json|README\.md|LICENSE|dist\/(platform\/.*|web\/index\.html|local\/lambda\/bootstrap\.(cjs|py)|.*\.js|.*\.d\.ts))$/;

describe.each(NAMES)('the package %s', (name) => {
  it('holds compiled code with types, its licence and a page, and no sources', () => {
    const files = team.filesOf(name);
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']));
    expect(files.filter((file) => !EXPECTED.test(file))).toEqual([]);
    const { exports: entries } = JSON.parse(
      readFileSync(join(team.packageFolder(name), 'package.json'), 'utf8'),
    );
    const targets = Object.values(entries).flatMap((entry) => Object.values(Object(entry)));
    for (const target of targets.filter((value) => String(value).startsWith('./'))) {
      expect(existsSync(join(team.packageFolder(name), String(target)))).toBe(true);
    }
  });

  it('declares what it imports, in the versions that are tested here, and nothing else', () => {
    const imported = new Set(
      team
        .filesOf(name)
        .filter((file) => /\.(js|d\.ts)$/.test(file) && !file.startsWith('dist/platform/'))
        .flatMap((file) => importsIn(readFileSync(join(team.packageFolder(name), file), 'utf8'))),
    );
    const { dependencies = {}, peerDependencies = {} } = manifestIn(team.packageFolder(name));
    expect(Object.keys({ ...dependencies, ...peerDependencies }).sort()).toEqual([...imported].sort());
    const ours = manifestIn(ROOT);
    const tested = { ...ours.dependencies, ...ours.devDependencies };
    for (const [dependency, version] of Object.entries(dependencies))
      expect(version).toBe(tested[dependency]);
    for (const [peer, range] of Object.entries(peerDependencies)) expect(range).toBe(`^${tested[peer]}`);
  });

  it('has no entry that an import of its folder in this repository would take for its sources', () => {
    const { main, module, types } = Object(manifestIn(join(ROOT, PACKAGES[name])));
    expect([main, module, types]).toEqual([undefined, undefined, undefined]);
  });

  it('has a version that the example asks for', () => {
    const { version } = manifestIn(join(ROOT, PACKAGES[name]));
    const { dependencies, devDependencies } = manifestIn(EXAMPLE);
    expect({ ...dependencies, ...devDependencies }[name]).toBe(`^${version}`);
  });
});

/** Packages that a file imports. */
function importsIn(text: string): string[] {
  const imports =
    /(?:from|import|require\(|require\.resolve\(|import\()\s*["']((?:@[a-z0-9-]+\/)?[a-z][a-z0-9.-]*)(?:\/[^"']*)?["']/g;
  return [...text.matchAll(imports)].map(([, name = '']) => name);
}

describe("another team's app", () => {
  it('compiles against the types of the packages, which hold by themselves', async () => {
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    const checked = await team
      .run(process.execPath, tsc, '--skipLibCheck', 'false', '--listFiles')
      .catch(({ message }: Error) => message);
    expect(checked).toContain(join('@holdfast', 'service-sdk', 'dist', 'service-sdk', 'testing.d.ts'));
    // Types of the CDK itself do not fit `exactOptionalPropertyTypes`.
    const errors = checked
      .split('\n')
      .filter((line) => /error TS/.test(line) && !/\/aws-cdk-lib\//.test(line));
    expect(errors).toEqual([]);
  }, 60_000);

  it('passes its own tests, without any runtime', async () => {
    expect(await team.run('npm', 'test')).toMatch(/^# fail 0$/m);
  }, 60_000);

  it('runs beside the platform while its function is killed and events come twice, by the test kit', async () => {
    expect(await team.run('npm', 'run', 'test:stack')).toMatch(/^# fail 0$/m);
  }, 90_000);

  it('is a stack that finds the platform by SSM and registers its service', async () => {
    const outputDirectory = join(team.root, 'cdk.out');
    const { signal } = new AbortController();
    await synthesizeApp(team.root, { environment: 'qa', region: 'us-east-1', outputDirectory, signal });
    const text = readFileSync(join(outputDirectory, 'qa-ballot.template.json'), 'utf8');
    expect(text).not.toMatch(/Fn::ImportValue|"Export"/);
    const template: Template = JSON.parse(text);
    const found = Object.values(template.Parameters ?? {}).map(({ Default }) => String(Default));
    expect(found.filter((name) => !name.startsWith('/cdk-bootstrap/')).sort()).toEqual(
      [
        'bus-name',
        'callback-url',
        'deliveries-queue-arn',
        'deliveries-queue-url',
        'post-connections-arn',
        'refusal-function-arn',
      ].map((name) => `/holdfast/qa/${name}`),
    );
    const registered = propertiesOf(template, 'AWS::SSM::Parameter').find(
      ({ Name }) => Name === '/holdfast/qa/services/ballot',
    );
    expect(JSON.stringify(registered)).toMatch(/\\"methods\\":\[\\"open\\",\\"vote\\",\\"result\\"\]/);
    // Couriers know its role: what it publishes into namespaces of others is refused.
    expect(JSON.stringify(registered)).toMatch(/\\"role\\":\\"",\{"Fn::GetAtt":\["[^"]+","RoleId"\]\}/);
  }, 60_000);
});
