/** All flag sets by name. */
export type FlagSetName = string;
