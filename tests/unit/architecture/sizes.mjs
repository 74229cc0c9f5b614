/**
 * Prints, as JSON, the sizes of TypeScript sources, and the fields that they set in classes of others.
 *
 * usage: node sizes.mjs FOLDER_OF_TYPESCRIPT FILE ...
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [home, ...files] = process.argv.slice(2);
const ts = createRequire(join(home, 'package.json'))('typescript');

// The types of the browser and of packages are left out: nothing here depends on them.
const program = ts.createProgram(files, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts'],
  types: [],
  noResolve: true
});
const checker = program.getTypeChecker();

/** The name of a class or a function, after the name of whatever holds it. */
function nameOf(node, outer) {
  const named = ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent);
  const own = node.name ?? (named ? node.parent.name : undefined);
  const name = ts.isConstructorDeclaration(node) ? 'constructor' : own?.getText();
  return [outer, name ?? 'a function'].filter(part => part !== '').join('.');
}

/** How many fields a class has, including those that parameters of its constructor declare. */
function countFields({ members }) {
  const parameters = members
    .filter(member => ts.isConstructorDeclaration(member))
    .flatMap(constructor => constructor.parameters)
    .filter(parameter => ts.isParameterPropertyDeclaration(parameter, parameter.parent));
  return members.filter(member => ts.isPropertyDeclaration(member)).length + parameters.length;
}

/** The expression that another one writes to; undefined where it writes nothing. */
function target(node) {
  const { FirstAssignment, LastAssignment, PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= FirstAssignment && kind <= LastAssignment ? node.left : undefined;
  }
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    return [PlusPlusToken, MinusMinusToken].includes(node.operator) ? node.operand : undefined;
  }
  return ts.isDeleteExpression(node) ? node.expression : undefined;
}

/** Whether an expression is a field of a class that another of the files declares. */
function isOfAnother(expression, source) {
  const symbol = checker.getSymbolAtLocation(expression.name);
  return (symbol?.declarations ?? []).some(declaration => {
    const owner = declaration.getSourceFile();
    const ofClass = ts.isClassLike(declaration.parent) || ts.isParameter(declaration);
    return ofClass && owner !== source && files.includes(owner.fileName);
  });
}

function measure(file) {
  const source = program.getSourceFile(file);
  const lineOf = place => source.getLineAndCharacterOfPosition(place).line + 1;
  const found = { lines: lineOf(source.getEnd()) - 1, functions: [], classes: [], writes: [] };
  const walk = (node, outer) => {
    let inner = outer;
    if (ts.isClassLike(node)) {
      inner = nameOf(node, outer);
      const methods = node.members.filter(member => ts.isFunctionLike(member)).length;
      found.classes.push({ name: inner, fields: countFields(node), methods });
    } else if (ts.isFunctionLike(node) && node.body) {
      inner = nameOf(node, outer);
      const lines = lineOf(node.getEnd()) - lineOf(node.getStart()) + 1;
      found.functions.push({ name: inner, lines });
    }
    const written = target(node);
    if (written && ts.isPropertyAccessExpression(written) && isOfAnother(written, source)) {
      found.writes.push(`line ${lineOf(written.getStart())}: ${written.getText()}`);
    }
    ts.forEachChild(node, child => walk(child, inner));
  };
  walk(source, '');
  return found;
}

console.log(JSON.stringify(Object.fromEntries(files.map(file => [file, measure(file)]))));
