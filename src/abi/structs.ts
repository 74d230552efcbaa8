/** All structs by name. */
export type StructName = string;
