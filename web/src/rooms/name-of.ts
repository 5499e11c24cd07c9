/** The name of a room; one that is new has none until its first answer. */
export const nameOf = (room: { readonly name: string | null }): string => room.name ?? 'New chat';
