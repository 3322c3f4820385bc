/** The assembly directory cannot be read, or holds something that cannot be run locally. */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
  readonly directory: string;

  constructor(directory: string, problem: string, options?: ErrorOptions) {
    super(`The cloud assembly in ${directory} cannot be used: ${problem}`, options);
    this.directory = directory;
  }
}

/** A template that has not the shape of a CloudFormation template. */
export class TemplateShapeError extends Error {
  override readonly name = 'TemplateShapeError';
  readonly stackName: string;

  constructor(stackName: string, path: string, problem: string) {
    super(`Template of stack ${stackName}, ${path || 'root'}: ${problem}`);
    this.stackName = stackName;
  }
}

/** Stacks inside stacks: CDK's `NestedStack`. The local runtime runs top-level stacks only. */
export class NestedStackError extends Error {
  override readonly name = 'NestedStackError';
  readonly locations: readonly string[];

  constructor(locations: readonly string[]) {
    super(
      `Nested stacks cannot be run locally, expected top-level stacks only. Found ${locations.length}:\n${list(locations)}`,
    );
    this.locations = locations;
  }
}

/** A template names an asset that its stack's asset manifest does not list. */
export class AssetNotFoundError extends Error {
  override readonly name = 'AssetNotFoundError';
  readonly key: string;

  constructor(stackName: string, key: string, known: readonly string[]) {
    super(
      `Stack ${stackName} has no asset with the S3 key ${key}; its manifest lists ${known.length === 0 ? 'none' : known.join(', ')}`,
    );
    this.key = key;
  }
}

/** Resources that need each other; `cycle` starts and ends with the same logical id. */
export class ResourceCycleError extends Error {
  override readonly name = 'ResourceCycleError';
  readonly cycle: readonly string[];

  constructor(stackName: string, cycle: readonly string[]) {
    super(`Stack ${stackName} has resources that depend on each other in a circle: ${cycle.join(' -> ')}`);
    this.cycle = cycle;
  }
}

/** A `DependsOn` or a reference to a logical id that the template does not have. */
export class UnknownReferenceError extends Error {
  override readonly name = 'UnknownReferenceError';
  readonly logicalId: string;
  readonly target: string;

  constructor(stackName: string, logicalId: string, target: string) {
    super(
      `Stack ${stackName}, resource ${logicalId}: refers to ${target}, which is neither a resource nor a parameter of the template`,
    );
    this.logicalId = logicalId;
    this.target = target;
  }
}

export interface UnknownResource {
  readonly type: string;
  readonly stackName: string;
  readonly logicalId: string;
  /** `aws:cdk:path` of the construct, where the template carries it. */
  readonly constructPath: string | undefined;
}

/** Every resource of an assembly whose type the runtime has no provider for. */
export class UnknownResourceTypesError extends Error {
  override readonly name = 'UnknownResourceTypesError';
  readonly resources: readonly UnknownResource[];

  constructor(resources: readonly UnknownResource[]) {
    const types = new Set(resources.map((resource) => resource.type));
    const lines = resources.map(
      ({ type, stackName, logicalId, constructPath }) =>
        `${type}: ${stackName}/${logicalId}${constructPath === undefined ? '' : ` (${constructPath})`}`,
    );
    super(
      `The local runtime has no provider for ${types.size} resource type${types.size === 1 ? '' : 's'} that the templates use:\n${list(lines)}`,
    );
    this.resources = resources;
  }
}

/** Where in a stack an expression stands. */
export interface Place {
  readonly stackName: string;
  /** Logical id of the resource, or `Outputs.X`, `Conditions.X`, `Parameters.X`. */
  readonly owner: string;
  /** Dotted path below the owner; empty at its root. */
  readonly path: string;
}

const LONGEST_EXPRESSION = 300;

/** An expression of a template that has no value: the message names stack, owner, path and the expression. */
export class ResolutionError extends Error {
  override readonly name = 'ResolutionError';
  readonly place: Place;
  readonly expression: unknown;

  constructor(place: Place, expression: unknown, problem: string, options?: ErrorOptions) {
    const text = JSON.stringify(expression) ?? String(expression);
    const shown = text.length > LONGEST_EXPRESSION ? `${text.slice(0, LONGEST_EXPRESSION)}...` : text;
    super(
      `Stack ${place.stackName}, ${place.owner}${place.path === '' ? '' : ` at ${place.path}`}: ${shown}: ${problem}`,
      options,
    );
    this.place = place;
    this.expression = expression;
  }
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n');
}
