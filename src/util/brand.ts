/** Branded numbers: ids into tables that the compiler keeps apart. Interface: Brand<Tag>. */

declare const brand: unique symbol;

/** A number that may only be used as an id of the kind Tag. Zero means "none" wherever a field says so. */
export type Brand<Tag extends string> = number & { readonly [brand]?: Tag };
