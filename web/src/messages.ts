/** What the page and the worker say to each other. Interface: ToWorker, FromWorker. */

export type ToWorker =
  | {
      readonly kind: 'start';
      /** Where the image file is fetched from. */
      readonly imageUrl: string;
      readonly argv: readonly string[];
      readonly columns: number;
      readonly rows: number;
    }
  | { readonly kind: 'input'; readonly text: string }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number };

export type FromWorker =
  | { readonly kind: 'status'; readonly text: string }
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly text: string };
