import * as v from 'valibot';
import { TemplateShapeError } from './errors';

const unknownRecord = v.record(v.string(), v.unknown());

const resourceSchema = v.object({
  Type: v.string(),
  Properties: v.optional(unknownRecord, {}),
  DependsOn: v.optional(v.union([v.string(), v.array(v.string())])),
  Condition: v.optional(v.string()),
  Metadata: v.optional(unknownRecord),
  DeletionPolicy: v.optional(v.string()),
  UpdateReplacePolicy: v.optional(v.string()),
  UpdatePolicy: v.optional(unknownRecord),
});

const parameterSchema = v.object({
  Type: v.string(),
  Default: v.optional(v.union([v.string(), v.number(), v.boolean()])),
  AllowedValues: v.optional(v.array(v.union([v.string(), v.number()]))),
  NoEcho: v.optional(v.union([v.boolean(), v.string()])),
  Description: v.optional(v.string()),
});

const outputSchema = v.object({
  Value: v.unknown(),
  Description: v.optional(v.string()),
  Export: v.optional(v.object({ Name: v.unknown() })),
  Condition: v.optional(v.string()),
});

const templateSchema = v.object({
  Resources: v.optional(v.record(v.string(), resourceSchema), {}),
  Parameters: v.optional(v.record(v.string(), parameterSchema), {}),
  Conditions: v.optional(unknownRecord, {}),
  Mappings: v.optional(v.record(v.string(), v.record(v.string(), unknownRecord)), {}),
  Outputs: v.optional(v.record(v.string(), outputSchema), {}),
  Transform: v.optional(v.unknown()),
});

/** The parts of a CloudFormation template that the local runtime reads; absent sections are empty. */
export type Template = v.InferOutput<typeof templateSchema>;
export type TemplateResource = v.InferOutput<typeof resourceSchema>;
export type TemplateParameter = v.InferOutput<typeof parameterSchema>;
export type TemplateOutput = v.InferOutput<typeof outputSchema>;

/** @throws TemplateShapeError naming the first wrong path; macros (`Transform`) are refused, nothing here expands them. */
export function parseTemplate(stackName: string, input: unknown): Template {
  const result = v.safeParse(templateSchema, input);
  if (!result.success) {
    const issue = result.issues[0];
    throw new TemplateShapeError(
      stackName,
      v.getDotPath(issue) ?? '',
      `expected ${issue.expected}, got ${issue.received}`,
    );
  }
  if (result.output.Transform !== undefined) {
    throw new TemplateShapeError(
      stackName,
      'Transform',
      `macros are not expanded locally, got ${JSON.stringify(result.output.Transform)}`,
    );
  }
  return result.output;
}

/** `aws:cdk:path` of a resource, if the template carries it. */
export function constructPath(resource: TemplateResource): string | undefined {
  const path = resource.Metadata?.['aws:cdk:path'];
  return typeof path === 'string' ? path : undefined;
}
