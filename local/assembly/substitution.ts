/** A piece of an Fn::Sub string. `name` is all between the braces; an attribute is what follows its first dot. */
export type SubPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ref'; readonly name: string; readonly logicalId: string }
  | {
      readonly kind: 'attribute';
      readonly name: string;
      readonly logicalId: string;
      readonly attribute: string;
    };

const PLACEHOLDER = /\$\{(!?)([^{}]*)\}/g;

/** Splits `a ${B} ${C.Arn} ${!Literal}`; `${!Literal}` becomes the text `${Literal}`. */
export function parseSub(text: string): readonly SubPart[] {
  const parts: SubPart[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    parts.push(
      match[1] === '!' ? { kind: 'text', text: `\${${match[2]}}` } : placeholder((match[2] ?? '').trim()),
    );
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return parts;
}

function placeholder(name: string): SubPart {
  const dot = name.indexOf('.');
  return dot === -1
    ? { kind: 'ref', name, logicalId: name }
    : { kind: 'attribute', name, logicalId: name.slice(0, dot), attribute: name.slice(dot + 1) };
}
