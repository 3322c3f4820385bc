import { cidrBlocks } from './cidr-blocks';
import type { Place } from './errors';
import type { PseudoParameters, ResolverLookups } from './lookups';
import { isRecord } from './references';
import { parseSub } from './substitution';
import type { Template } from './template';

/** What an intrinsic function may ask of the stack that it stands in. */
export interface IntrinsicContext {
  readonly template: Template;
  readonly pseudo: PseudoParameters;
  readonly lookups: ResolverLookups;
  evaluate(value: unknown, place: Place): Promise<unknown>;
  condition(name: string): Promise<boolean>;
  ref(name: string): Promise<unknown>;
  attribute(logicalId: string, attribute: string): Promise<unknown>;
}

type Intrinsic = (context: IntrinsicContext, argument: unknown, place: Place) => Promise<unknown>;

/** The function of that name, or undefined. Its errors are plain; the evaluator adds place and expression. */
export function functionsOf(name: string): Intrinsic | undefined {
  return FUNCTIONS.get(name);
}

const FUNCTIONS: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>([
  ['Ref', async (context, argument) => context.ref(text(argument, 'a name'))],
  ['Fn::GetAtt', getAtt],
  ['Fn::Join', join],
  ['Fn::Sub', sub],
  ['Fn::Select', select],
  ['Fn::Split', split],
  ['Fn::FindInMap', findInMap],
  ['Fn::If', conditional],
  ['Fn::ImportValue', importValue],
  ['Fn::GetStackOutput', stackOutput],
  ['Fn::GetAZs', availabilityZones],
  ['Fn::Cidr', cidr],
  ['Fn::Base64', base64],
  ['Fn::Length', async (context, argument, place) => list(await context.evaluate(argument, place)).length],
  [
    'Fn::ToJsonString',
    async (context, argument, place) => JSON.stringify(await context.evaluate(argument, place)),
  ],
]);

async function getAtt(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const [logicalId, attribute] =
    typeof argument === 'string'
      ? [argument.split('.')[0], argument.split('.').slice(1).join('.')]
      : terms(argument, 2, 2);
  const name = text(await context.evaluate(attribute, place), 'an attribute name');
  if (name === '') throw new Error('expected a logical id and an attribute');
  return context.attribute(text(logicalId, 'a logical id'), name);
}

async function join(context: IntrinsicContext, argument: unknown, place: Place): Promise<string> {
  const [delimiter, values] = terms(argument, 2, 2);
  const items = list(await context.evaluate(values, place));
  return items.map((item) => scalar(item)).join(text(delimiter, 'a delimiter'));
}

async function sub(context: IntrinsicContext, argument: unknown, place: Place): Promise<string> {
  const [template, variables = {}] = typeof argument === 'string' ? [argument] : terms(argument, 1, 2);
  if (!isRecord(variables)) throw new Error(`expected a map of variables, got ${JSON.stringify(variables)}`);
  const parts: string[] = [];
  for (const part of parseSub(text(template, 'a string'))) {
    if (part.kind === 'text') parts.push(part.text);
    else if (Object.hasOwn(variables, part.name)) {
      parts.push(scalar(await context.evaluate(variables[part.name], place)));
    } else if (part.kind === 'ref') parts.push(scalar(await context.ref(part.logicalId)));
    else parts.push(scalar(await context.attribute(part.logicalId, part.attribute)));
  }
  return parts.join('');
}

async function select(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const [rawIndex, values] = terms(argument, 2, 2);
  const index = wholeNumber(await context.evaluate(rawIndex, place), 'an index');
  const items = list(await context.evaluate(values, place));
  if (index >= items.length)
    throw new Error(`index ${index} is out of range, the list has ${items.length} values`);
  return items[index];
}

async function split(context: IntrinsicContext, argument: unknown, place: Place): Promise<string[]> {
  const [delimiter, source] = terms(argument, 2, 2);
  const by = text(delimiter, 'a delimiter');
  if (by === '') throw new Error('expected a delimiter, got an empty string');
  return text(await context.evaluate(source, place), 'a string').split(by);
}

async function findInMap(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const [mapName, first, second, fallback] = terms(argument, 3, 4);
  const keys: string[] = [];
  for (const key of [mapName, first, second]) keys.push(scalar(await context.evaluate(key, place)));
  let found: unknown = context.template.Mappings;
  for (const key of keys) found = isRecord(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  if (found !== undefined) return found;
  if (isRecord(fallback) && 'DefaultValue' in fallback)
    return context.evaluate(fallback['DefaultValue'], place);
  throw new Error(`the mappings have no ${keys.join(' / ')}`);
}

async function conditional(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const [name, whenTrue, whenFalse] = terms(argument, 3, 3);
  return context.evaluate((await context.condition(text(name, 'a condition'))) ? whenTrue : whenFalse, place);
}

async function importValue(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const name = text(await context.evaluate(argument, place), 'an export name');
  const value = await context.lookups.exported(name);
  if (value === undefined) throw new Error(`no stack exports ${name}`);
  return value;
}

async function stackOutput(context: IntrinsicContext, argument: unknown, place: Place): Promise<unknown> {
  const options = await context.evaluate(argument, place);
  if (!isRecord(options)) throw new Error('expected StackName and OutputName');
  const stackName = text(options['StackName'], 'StackName');
  const outputName = text(options['OutputName'], 'OutputName');
  const region = options['Region'] === undefined ? undefined : text(options['Region'], 'Region');
  const value = await context.lookups.stackOutput(stackName, outputName, region);
  if (value === undefined) throw new Error(`stack ${stackName} has no output ${outputName}`);
  return value;
}

async function availabilityZones(
  context: IntrinsicContext,
  argument: unknown,
  place: Place,
): Promise<unknown> {
  const asked = text(await context.evaluate(argument, place), 'a region');
  const { region, availabilityZones } = context.pseudo;
  if (availabilityZones !== undefined && (asked === '' || asked === region)) return availabilityZones;
  return ['a', 'b', 'c'].map((zone) => `${asked === '' ? region : asked}${zone}`);
}

async function cidr(context: IntrinsicContext, argument: unknown, place: Place): Promise<string[]> {
  const [block, count, hostBits = 8] = terms(await context.evaluate(argument, place), 2, 3);
  return cidrBlocks(
    text(block, 'an address block'),
    wholeNumber(count, 'a count'),
    wholeNumber(hostBits, 'a number of host bits'),
  );
}

async function base64(context: IntrinsicContext, argument: unknown, place: Place): Promise<string> {
  return Buffer.from(text(await context.evaluate(argument, place), 'a string'), 'utf8').toString('base64');
}

function terms(argument: unknown, least: number, most: number): readonly unknown[] {
  if (Array.isArray(argument) && argument.length >= least && argument.length <= most) return argument;
  throw new Error(`expected a list of ${least === most ? least : `${least} to ${most}`} values`);
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`expected a list, got ${JSON.stringify(value)}`);
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new Error(`expected ${what}, got ${JSON.stringify(value)}`);
}

function scalar(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  throw new Error(`expected text, got ${JSON.stringify(value)}`);
}

function wholeNumber(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw new Error(`expected ${what}, got ${JSON.stringify(value)}`);
}
