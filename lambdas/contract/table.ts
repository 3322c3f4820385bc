/** Attributes of the key of a service's table, both texts. */
export const TABLE_KEY = { partition: 'pk', sort: 'sk' } as const;

/** Attribute with the epoch seconds after which an item goes by itself, within days. */
export const EXPIRY_ATTRIBUTE = 'expiresAt';
