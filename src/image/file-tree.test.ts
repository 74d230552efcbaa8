import { beforeEach, expect, test } from 'vitest';
import { MemoryStaging } from './blob.ts';
import { S_IFDIR } from '../abi/file-mode.ts';
import { FileTree, defaultAttributes } from './file-tree.ts';

const attributes = defaultAttributes(0o644);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
let tree: FileTree;

beforeEach(() => {
  tree = new FileTree(new MemoryStaging());
});

test('entries below a link to a directory land behind the link', () => {
  tree.addDirectory('usr/lib', attributes);
  tree.addSymlink('lib', attributes, 'usr/lib');
  tree.addFile('./lib/x.so', attributes, bytes('so'));
  tree.addDirectory('lib/', attributes);
  expect(tree.readText('/usr/lib/x.so')).toBe('so');
  expect(tree.find('lib', false)?.target).toBe('usr/lib');
});

test('no link and no .. leaves the root', () => {
  tree.addSymlink('up', attributes, '../../../etc');
  tree.addDirectory('etc', attributes);
  tree.addFile('up/passwd', attributes, bytes('a'));
  tree.addFile('../../b', attributes, bytes('b'));
  expect([...tree.root.children.keys()]).toEqual(['up', 'etc', 'b']);
  expect(tree.readText('etc/passwd')).toBe('a');
});

test('a loop of links is not there, and nothing can be put below it', () => {
  tree.addSymlink('a', attributes, 'b');
  tree.addSymlink('b', attributes, 'a');
  expect(tree.find('a/x')).toBeNull();
  expect(() => tree.addFile('a/x', attributes, bytes(''))).toThrow('not a directory');
});

test('a hard link is the same node, until one name is replaced', () => {
  tree.addFile('one', attributes, bytes('first'));
  tree.addHardLink('two', 'one');
  expect(tree.find('two')).toBe(tree.find('one'));
  tree.addFile('one', attributes, bytes('second'));
  expect(tree.readText('two')).toBe('first');
});

test('a directory keeps what it holds when it comes again, and remove takes all of it', () => {
  tree.addFile('d/e/f', attributes, bytes('x'));
  tree.addDirectory('d', { ...attributes, mode: 0o700 });
  expect(tree.find('d')).toMatchObject({ type: S_IFDIR, mode: 0o700 });
  expect(tree.readText('d/e/f')).toBe('x');
  tree.remove('d');
  expect(tree.find('d/e/f')).toBeNull();
});
