/**
 * Prints, as JSON, the texts of TypeScript sources that are translated, and those that should be.
 *
 * usage: node strings.mjs FOLDER_OF_TYPESCRIPT FILE ...
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [home, ...files] = process.argv.slice(2);
const ts = createRequire(join(home, "package.json"))("typescript");

/** How many of the first arguments of each function are texts: of a message, or of its context. */
const FUNCTIONS = { __: 1, _n: 2, _p: 2, _np: 3 };

/** Names of what people read, as attributes and as fields. */
const SHOWN = new Set([
  "aria-label",
  "aria-description",
  "aria-roledescription",
  "aria-valuetext",
  "alt",
  "body",
  "caption",
  "label",
  "okLabel",
  "placeholder",
  "title",
]);

/** Names of types, which stand beside the names of fields where data are checked. */
const TYPES = new Set(["number", "string", "boolean", "object"]);

/** A text that the source has as it is, also in several pieces; undefined for any other expression. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) {
    return node.text;
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.PlusToken
  ) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  return undefined;
}

/** A text with a letter, where a text of JSX, an attribute or a field that is shown has it. */
function untranslated(node) {
  let text;
  if (ts.isJsxText(node)) {
    text = node.text;
  } else if (ts.isJsxAttribute(node) && SHOWN.has(node.name.getText())) {
    text = node.initializer && textOf(node.initializer);
  } else if (
    ts.isPropertyAssignment(node) &&
    SHOWN.has(node.name.getText().replace(/['"]/g, ""))
  ) {
    text = textOf(node.initializer);
  } else if (ts.isCallExpression(node)) {
    const name = node.expression.getText();
    const [first, second] = node.arguments;
    if (/\.setAttribute$/.test(name) && SHOWN.has(textOf(first))) {
      text = second && textOf(second);
    } else if (/^Notification\.\w+$/.test(name)) {
      text = first && textOf(first);
    }
  } else if (
    ts.isBinaryExpression(node) &&
    ts.isPropertyAccessExpression(node.left)
  ) {
    const shown =
      node.left.name.text === "textContent" || SHOWN.has(node.left.name.text);
    const written = node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    text = shown && written ? textOf(node.right) : undefined;
  }
  return text !== undefined && /\p{L}/u.test(text) && !TYPES.has(text)
    ? text.trim()
    : undefined;
}

function read(file) {
  const kind = file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(
    file,
    readFileSync(file, "utf-8"),
    ts.ScriptTarget.ES2022,
    true,
    kind,
  );
  const found = { translated: [], untranslated: [] };
  const say = (node, text) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.untranslated.push(`line ${line}: ${text}`);
  };
  const walk = (node) => {
    if (
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression)
    ) {
      const name = node.expression.name.text;
      if (Object.hasOwn(FUNCTIONS, name)) {
        const count = FUNCTIONS[name];
        const texts = node.arguments.slice(0, count).map(textOf);
        if (texts.length < count || texts.includes(undefined)) {
          say(node, `${node.getText()} is no text that can be found`);
        } else {
          found.translated.push([name, ...texts]);
        }
      }
    }
    const text = untranslated(node);
    if (text !== undefined) {
      say(node, text);
    }
    ts.forEachChild(node, walk);
  };
  walk(source);
  return found;
}

console.log(
  JSON.stringify(Object.fromEntries(files.map((file) => [file, read(file)]))),
);
