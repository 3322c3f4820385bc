import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lambdas/contract/json';
import { describeValue } from './describe-value';
import { withoutPair } from './statement';

/** One thing that a template allows or denies to somebody, and the template without it. */
export interface Grant {
  /** The same in every run, whatever stands around it in the template. */
  readonly key: string;
  readonly stack: string;
  /** Function or role that may, or resource that lets somebody in. */
  readonly holder: string;
  readonly kind: 'allows' | 'denies' | 'lets in' | 'trusts' | 'managed policy';
  readonly action: string;
  /** What it is about; of a statement that lets somebody in, who that is. */
  readonly subject: string;
  /** Name of the template's file. */
  readonly file: string;
  /** The template without this grant. */
  remove(template: Template): Template;
}

interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly DependsOn?: JsonValue;
}

export interface Template {
  readonly Resources: { readonly [logicalId: string]: Resource };
  readonly Parameters?: { readonly [logicalId: string]: JsonObject };
}

const SUFFIX = '.template.json';

export function templateFiles(assembly: string): string[] {
  return readdirSync(assembly).filter((name) => name.endsWith(SUFFIX));
}

export function readTemplate(assembly: string, file: string): Template {
  return JSON.parse(readFileSync(join(assembly, file), 'utf8')) as Template;
}

/** Every grant of the templates of an assembly, in the order of the templates. */
export function grantsOf(assembly: string): Grant[] {
  return templateFiles(assembly).flatMap((file) => {
    const template = readTemplate(assembly, file);
    const place = { template, file, stack: file.slice(0, -SUFFIX.length) };
    return Object.entries(template.Resources).flatMap(([id, resource]) =>
      grantsOfResource(place, id, resource),
    );
  });
}

interface Place {
  readonly template: Template;
  readonly file: string;
  readonly stack: string;
}

function grantsOfResource(place: Place, id: string, { Type, Properties }: Resource): Grant[] {
  switch (Type) {
    case 'AWS::IAM::Policy':
    case 'AWS::IAM::ManagedPolicy':
    case 'AWS::IAM::RolePolicy':
      return ofIdentityPolicy(place, id, Properties);
    case 'AWS::IAM::Role':
      return ofRole(place, id, Properties);
    case 'AWS::Lambda::Permission':
      return [ofPermission(place, id, Properties)];
    case 'AWS::SQS::QueuePolicy':
      return ofResourcePolicy(place, id, Properties, listOf(Properties['Queues']));
    default:
      return [];
  }
}

function ofIdentityPolicy(place: Place, id: string, properties: JsonObject): Grant[] {
  const roles = listOf(properties['Roles'] ?? properties['RoleName']);
  const holder = roles.map((role) => holderOf(place.template, role)).join(', ');
  return statementsOf(properties, 'PolicyDocument').flatMap((statement, index) => {
    const replace = (statements: readonly JsonValue[]) =>
      replaceStatement(id, 'PolicyDocument', index, statements);
    const resources = listOf(statement['Resource']);
    if (statement['Effect'] === 'Deny') {
      const subject = resources.map((each) => describeValue(each, place.template)).join(', ');
      return [
        grant(place, { holder, kind: 'denies', action: actionsOf(statement), subject, remove: replace([]) }),
      ];
    }
    return listOf(statement['Action']).flatMap((action) =>
      resources.map((resource) =>
        grant(place, {
          holder,
          kind: 'allows',
          action: String(action),
          subject: describeValue(resource, place.template),
          remove: replace(withoutPair(statement, action, resource)),
        }),
      ),
    );
  });
}

function ofRole(place: Place, id: string, properties: JsonObject): Grant[] {
  const holder = holderOf(place.template, { Ref: id });
  const trusts = statementsOf(properties, 'AssumeRolePolicyDocument').map((statement, index) =>
    grant(place, {
      holder,
      kind: 'trusts',
      action: actionsOf(statement),
      subject: describeValue(statement['Principal'] ?? null, place.template),
      remove: replaceStatement(id, 'AssumeRolePolicyDocument', index, []),
    }),
  );
  const arns = listOf(properties['ManagedPolicyArns']);
  const managed = arns.map((arn, index) =>
    grant(place, {
      holder,
      kind: 'managed policy',
      action: '*',
      subject: describeValue(arn, place.template),
      remove: changeProperties(id, (before) => ({
        ...before,
        ManagedPolicyArns: listOf(before['ManagedPolicyArns']).filter((_, at) => at !== index),
      })),
    }),
  );
  return [...trusts, ...managed];
}

function ofPermission(place: Place, id: string, properties: JsonObject): Grant {
  const { template } = place;
  const source = properties['SourceArn'] ?? properties['SourceAccount'] ?? '*';
  return grant(place, {
    holder: describeValue(properties['FunctionName'] ?? '', template),
    kind: 'lets in',
    action: String(properties['Action']),
    subject: `${String(properties['Principal'])} for ${describeValue(source, template)}`,
    remove: dropResource(id),
  });
}

function ofResourcePolicy(
  place: Place,
  id: string,
  properties: JsonObject,
  holders: readonly JsonValue[],
): Grant[] {
  const holder = holders.map((each) => describeValue(each, place.template)).join(', ');
  return statementsOf(properties, 'PolicyDocument').map((statement, index) =>
    grant(place, {
      holder,
      kind: statement['Effect'] === 'Deny' ? 'denies' : 'lets in',
      action: actionsOf(statement),
      subject: [statement['Principal'], statement['Condition']]
        .flatMap((each) => (each === undefined ? [] : describeValue(each, place.template)))
        .join(' where '),
      remove: replaceStatement(id, 'PolicyDocument', index, []),
    }),
  );
}

function grant(
  { stack, file }: Place,
  more: Pick<Grant, 'holder' | 'kind' | 'action' | 'subject' | 'remove'>,
): Grant {
  const { holder, kind, action, subject } = more;
  return { key: `${stack} | ${holder} | ${kind} | ${action} | ${subject}`, stack, file, ...more };
}

/** The function that has a role, by name; the role where none has it. */
function holderOf(template: Template, role: JsonValue): string {
  const roleId = isJsonObject(role) ? role['Ref'] : role;
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    const arn = Properties['Role'];
    const attribute = isJsonObject(arn) ? listOf(arn['Fn::GetAtt'])[0] : undefined;
    if (attribute === roleId) return String(Properties['FunctionName']);
  }
  return describeValue({ Ref: String(roleId) }, template);
}

function statementsOf(properties: JsonObject, name: string): JsonObject[] {
  const document = properties[name];
  return isJsonObject(document) ? listOf(document['Statement']).filter(isJsonObject) : [];
}

function actionsOf(statement: JsonObject): string {
  return listOf(statement['Action']).join(', ');
}

function replaceStatement(
  id: string,
  property: string,
  index: number,
  by: readonly JsonValue[],
): Grant['remove'] {
  return changeProperties(id, (properties) => {
    const document = properties[property];
    const before = isJsonObject(document) ? document : {};
    const statements = listOf(before['Statement']);
    const Statement = [...statements.slice(0, index), ...by, ...statements.slice(index + 1)];
    return { ...properties, [property]: { ...before, Statement } };
  });
}

function changeProperties(id: string, change: (properties: JsonObject) => JsonObject): Grant['remove'] {
  return (template) => {
    const resource = template.Resources[id];
    if (!resource) throw new Error(`expected a resource ${id}, got none`);
    const changed = { ...resource, Properties: change(resource.Properties) };
    return { ...template, Resources: { ...template.Resources, [id]: changed } };
  };
}

/** Without a resource, and without what waits for it. */
function dropResource(id: string): Grant['remove'] {
  return (template) => {
    const kept = Object.entries(template.Resources).filter(([name]) => name !== id);
    const resources = kept.map(([name, { DependsOn, ...rest }]): [string, Resource] => {
      const waits = listOf(DependsOn).filter((other) => other !== id);
      return [name, waits.length > 0 ? { ...rest, DependsOn: waits } : rest];
    });
    return { ...template, Resources: Object.fromEntries(resources) };
  };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as JsonValue];
}
