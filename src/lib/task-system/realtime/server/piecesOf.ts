/** Cuts a list into pieces of about so many characters: each ends with the item that reaches them. No items, no pieces. */
export function piecesOf<Item>(items: readonly Item[], lengthOf: (item: Item) => number, characters = 65_536): readonly (readonly Item[])[] {
  const pieces: Item[][] = [];
  let room = 0;
  for (const item of items) {
    if (room <= 0) {
      pieces.push([]);
      room = characters;
    }
    pieces.at(-1)?.push(item);
    room -= lengthOf(item);
  }
  return pieces;
}
