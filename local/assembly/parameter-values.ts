import { type Place, ResolutionError } from './errors';
import type { ResolverLookups } from './lookups';
import type { Template, TemplateParameter } from './template';

const SSM_VALUE = /^AWS::SSM::Parameter::Value<(.+)>$/;

/** Values of a template's parameters, looked up at their first use. */
export class ParameterValues {
  readonly #stackName: string;
  readonly #template: Template;
  readonly #given: Readonly<Record<string, string>>;
  readonly #lookups: Pick<ResolverLookups, 'ssm'>;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(
    stackName: string,
    template: Template,
    given: Readonly<Record<string, string>>,
    lookups: Pick<ResolverLookups, 'ssm'>,
  ) {
    this.#stackName = stackName;
    this.#template = template;
    this.#given = given;
    this.#lookups = lookups;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#template.Parameters, name);
  }

  /** A string, a number's text, or a list of strings, by the parameter's type. @throws ResolutionError */
  value(name: string): Promise<unknown> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const value = this.#read(name);
    this.#known.set(name, value);
    // A parameter that another stack has yet to write may be there at the next try.
    value.catch(() => this.#known.delete(name));
    return value;
  }

  async #read(name: string): Promise<unknown> {
    const place: Place = { stackName: this.#stackName, owner: `Parameters.${name}`, path: '' };
    const parameter = this.has(name) ? this.#template.Parameters[name] : undefined;
    if (parameter === undefined) throw new ResolutionError(place, name, 'the template has no such parameter');
    const text = this.#text(name, parameter, place);
    const stored = SSM_VALUE.exec(parameter.Type)?.[1];
    if (stored === undefined) return ofType(parameter.Type, text);
    try {
      return ofType(stored, await this.#lookups.ssm(text));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ResolutionError(place, { Type: parameter.Type, Value: text }, reason, { cause });
    }
  }

  #text(name: string, parameter: TemplateParameter, place: Place): string {
    const given = Object.hasOwn(this.#given, name) ? this.#given[name] : undefined;
    const value = given ?? parameter.Default;
    if (value === undefined) throw new ResolutionError(place, parameter, 'it has no value and no default');
    const text = String(value);
    const allowed = parameter.AllowedValues?.map(String);
    if (allowed !== undefined && !allowed.includes(text)) {
      throw new ResolutionError(place, text, `expected one of ${allowed.join(', ')}`);
    }
    return text;
  }
}

function ofType(type: string, text: string): unknown {
  return type === 'CommaDelimitedList' || type.startsWith('List<')
    ? text.split(',').map((part) => part.trim())
    : text;
}
