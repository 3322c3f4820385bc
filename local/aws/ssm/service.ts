import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../lambdas/contract/json';
import type { AwsRequest, AwsResponse, AwsService } from '../../ports';
import { Input } from '../input';
import { JsonService, type Operation } from '../json-service';
import {
  InvalidNextToken,
  ParameterNotFound,
  ParameterVersionNotFound,
  SsmValidationException,
} from './errors';
import {
  PARAMETER_TYPES,
  Parameters,
  type ParameterType,
  type ParameterVersion,
  TIERS,
  type Tier,
} from './parameters';

const MAX_PER_CALL = 10;

/** SSM Parameter Store in memory: the API in AWS JSON 1.1, and the same parameters for the stacks of this process. */
export class SsmService implements AwsService {
  readonly #parameters: Parameters;
  readonly #api: JsonService;

  constructor({ region }: { readonly region: string }) {
    this.#parameters = new Parameters(region);
    this.#api = new JsonService({ service: 'ssm', version: '1.1', operations: this.#operations() });
  }

  handle(request: AwsRequest): Promise<AwsResponse> {
    return this.#api.handle(request);
  }

  /** Creates or overwrites, under the same checks as PutParameter; an equal value in the same tier makes no new version. */
  put(name: string, value: string, type: ParameterType = 'String', tier?: Tier): ParameterVersion {
    const current = this.find(name);
    const isSame = current?.value === value && current.type === type;
    if (isSame && (tier === undefined || tier === current.tier)) return current;
    return this.#parameters.put({ name, value, type, tier, overwrite: true });
  }

  /** The latest version, or that of `name:version`; a SecureString in clear. */
  find(name: string): ParameterVersion | undefined {
    try {
      return this.#parameters.get(name);
    } catch (error) {
      if (error instanceof ParameterNotFound || error instanceof ParameterVersionNotFound) return undefined;
      throw error;
    }
  }

  /** Whether there was one. */
  delete(name: string): boolean {
    return this.#parameters.delete(name);
  }

  #operations(): Record<string, Operation> {
    const reading =
      (operation: (input: Input) => object): Operation =>
      (members: JsonObject) =>
        operation(new Input(members, missing));
    return {
      GetParameter: reading((input) => ({
        Parameter: render(this.#parameters.get(input.string('Name')), input.boolean('WithDecryption')),
      })),
      GetParameters: reading((input) => this.#getParameters(input)),
      GetParametersByPath: reading((input) => this.#getParametersByPath(input)),
      PutParameter: reading((input) => this.#putParameter(input)),
      DeleteParameter: reading((input) => {
        const name = input.string('Name');
        if (!this.#parameters.delete(name)) throw new ParameterNotFound(name);
        return {};
      }),
    };
  }

  #getParameters(input: Input): object {
    const names = input.strings('Names');
    if (names.length < 1 || names.length > MAX_PER_CALL) {
      throw new SsmValidationException(`Names: expected 1 to ${MAX_PER_CALL}, got ${names.length}`);
    }
    const found: ParameterVersion[] = [];
    const InvalidParameters: string[] = [];
    for (const name of names) {
      const parameter = this.find(name);
      if (parameter) found.push(parameter);
      else InvalidParameters.push(name);
    }
    const decrypt = input.boolean('WithDecryption');
    return { Parameters: found.map((parameter) => render(parameter, decrypt)), InvalidParameters };
  }

  /** The token is the name of the page's last parameter. */
  #getParametersByPath(input: Input): object {
    const path = input.string('Path');
    if (!path.startsWith('/'))
      throw new SsmValidationException(`Path: expected one that begins with /, got ${path}`);
    if (input.inputs('ParameterFilters').length > 0) {
      throw new SsmValidationException('ParameterFilters: not supported by the local runtime');
    }
    const max = input.optionalInteger('MaxResults') ?? MAX_PER_CALL;
    if (max < 1 || max > MAX_PER_CALL) {
      throw new SsmValidationException(`MaxResults: expected 1 to ${MAX_PER_CALL}, got ${max}`);
    }
    const after = decodeToken(input.optionalString('NextToken'));
    const rest = this.#parameters.below(path, input.boolean('Recursive')).filter(({ name }) => name > after);
    const page = rest.slice(0, max);
    const last = rest.length > page.length ? page.at(-1) : undefined;
    const decrypt = input.boolean('WithDecryption');
    return {
      Parameters: page.map((parameter) => render(parameter, decrypt)),
      ...(last ? { NextToken: encodeToken(last.name) } : {}),
    };
  }

  #putParameter(input: Input): object {
    const { version, tier } = this.#parameters.put({
      name: input.string('Name'),
      value: input.string('Value'),
      type: choice(input, 'Type', PARAMETER_TYPES),
      tier: choice(input, 'Tier', TIERS),
      overwrite: input.boolean('Overwrite'),
    });
    return { Version: version, Tier: tier };
  }
}

function missing(name: string): SsmValidationException {
  return new SsmValidationException(`1 validation error detected: Value at '${name}' must not be null`);
}

function choice<T extends string>(input: Input, name: string, choices: readonly T[]): T | undefined {
  const value = input.optionalString(name);
  if (value === undefined) return undefined;
  const found = choices.find((each) => each === value);
  if (!found) throw new SsmValidationException(`${name}: expected ${choices.join(', ')}, got ${value}`);
  return found;
}

function render(parameter: ParameterVersion, decrypt: boolean): object {
  const hidden = parameter.type === 'SecureString' && !decrypt;
  return {
    Name: parameter.name,
    Type: parameter.type,
    // Without decryption AWS shows the ciphertext, from which nobody reads the value.
    Value: hidden ? createHash('sha512').update(parameter.value).digest('base64') : parameter.value,
    Version: parameter.version,
    Selector: parameter.selector,
    LastModifiedDate: parameter.modifiedAt / 1_000,
    ARN: parameter.arn,
    DataType: 'text',
  };
}

const TOKEN_PREFIX = 'after:';

function encodeToken(name: string): string {
  return Buffer.from(TOKEN_PREFIX + name).toString('base64');
}

function decodeToken(token: string | undefined): string {
  if (token === undefined) return '';
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith(TOKEN_PREFIX)) throw new InvalidNextToken();
  return text.slice(TOKEN_PREFIX.length);
}
