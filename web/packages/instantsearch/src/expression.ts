import { UnsupportedError } from "./parameters.js";

/** A piece of an expression: a parenthesis, a word that joins, or a condition. */
const PIECE =
  /\s*(?:([()])|(AND|OR|NOT)(?=[\s(])|((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()"'])+(?:\s*(?:<=|>=|!=|<|>|=)\s*-?[\d.]+|\s+TO\s+-?[\d.]+)?))/gy;

/**
 * Reads `filters`: conditions, and alternatives in parentheses, joined by AND: `brand:Lumo AND (color:red OR
 * color:blue) AND price < 20`. Returns the lists of conditions of which one each has to hold; `read` reads a
 * condition, which may be several.
 */
export function readExpression<T>(text: string, read: (condition: string) => T[][]): T[][] {
  const pieces = piecesOf(text);
  if (!pieces.length) return [];
  let place = 0;

  function alternatives(): T[][] {
    const terms = [conjunction()];
    while (pieces[place] === "OR") {
      place += 1;
      terms.push(conjunction());
    }
    const [first = [], ...others] = terms;
    if (!others.length) return first;
    if (terms.some(({ length }) => length !== 1)) {
      throw new UnsupportedError(`the filters "${text}" have alternatives of more than one condition each`);
    }
    return [terms.flat(2)];
  }

  function conjunction(): T[][] {
    const all = operand();
    while (pieces[place] === "AND") {
      place += 1;
      all.push(...operand());
    }
    return all;
  }

  function operand(): T[][] {
    const piece = pieces[place];
    place += 1;
    if (piece === "NOT") {
      throw new UnsupportedError(`the filters "${text}" exclude products, which akin cannot do`);
    }
    if (piece !== "(") {
      if (piece === undefined || piece === ")") throw unfinished();
      return read(piece);
    }
    const inner = alternatives();
    if (pieces[place] !== ")") throw unfinished();
    place += 1;
    return inner;
  }

  function unfinished(): UnsupportedError {
    return new UnsupportedError(`the filters "${text}" lack a condition or a parenthesis`);
  }

  const all = alternatives();
  if (place < pieces.length) throw unfinished();
  return all;
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  const trimmed = text.trimEnd();
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < trimmed.length) {
    const position = PIECE.lastIndex;
    const [, parenthesis, word, condition] = PIECE.exec(trimmed) ?? [];
    const piece = parenthesis ?? word ?? condition;
    if (piece === undefined) {
      throw new UnsupportedError(`the filters "${text}" cannot be read from "${trimmed.slice(position)}"`);
    }
    pieces.push(piece);
  }
  return pieces;
}
