/** What the page and the worker say to each other. Interface: ToWorker, FromWorker. */

export type ToWorker =
  | {
      readonly kind: 'start';
      /** Where the image file is fetched from. */
      readonly imageUrl: string;
      readonly memoryBytes: number;
      readonly argv: readonly string[];
      readonly columns: number;
      readonly rows: number;
      /** Show at the end what was done, in numbers. */
      readonly statistics: boolean;
    }
  | { readonly kind: 'input'; readonly text: string }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  /** So many bytes of output are on the screen: more may follow. */
  | { readonly kind: 'shown'; readonly bytes: number };

export type FromWorker =
  | { readonly kind: 'status'; readonly text: string }
  /** How much of the image is here. `total` is 0 where the server does not say. */
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'exited'; readonly exitCode: number; readonly reason: string | null }
  | { readonly kind: 'failed'; readonly text: string };
