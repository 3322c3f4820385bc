import { refusedIn, unknownIn } from '../../local/resources/coverage';
import { KNOWN_TYPES } from '../../local/resources/providers';
import { templatesOf, type Variant } from './assembly';

const VARIANTS: readonly Variant[] = ['dev', 'local', 'prod', 'other', 'ordered', 'queued'];

it.each(VARIANTS)('the local runtime knows every type and property of the templates of %s', (variant) => {
  const resources = templatesOf(variant).flatMap(({ Resources }) => Object.values(Resources));
  const wrong = resources.flatMap(({ Type, Properties = {} }) => [
    ...(KNOWN_TYPES.has(Type) ? [] : [Type]),
    ...[...unknownIn(Type, Properties), ...refusedIn(Type, Properties)].map((name) => `${Type} ${name}`),
  ]);
  expect([...new Set(wrong)]).toEqual([]);
});
