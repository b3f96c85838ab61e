import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { root } from './python.mjs';

/**
 * @typedef {object} Network
 * @property {string} title as tables name it
 * @property {string} model path of the ONNX file
 * @property {readonly string[]} data options that name the labelled test images; none where there are no labels
 *
 * @typedef {object} TestSet
 * @property {string} name as results name it
 * @property {string} images labelled images, .npz
 * @property {string} preprocess
 */

/** Where real models and labelled images lie; they are no part of the repository. */
const corpus = resolve(process.env['ONNX_TUCKER_CORPUS'] ?? join(root, '../shared/corpus'));

const cifarTest = 'cifar10_test_lossless_423.npz';
const titles = {
  'cifar10_resnet20.onnx': ['ResNet-20', cifarTest, 'cifar10_resnet.json'],
  'cifar10_resnet32.onnx': ['ResNet-32', cifarTest, 'cifar10_resnet.json'],
  'cifar10_resnet44.onnx': ['ResNet-44', cifarTest, 'cifar10_resnet.json'],
  'cifar10_resnet50v2s3_probe64.onnx': ['ResNet-50 v2', cifarTest, 'cifar10_probe64.json'],
};

/** Models, images and preprocessing of the corpus, by file name. */
export const corpusFile = {
  /** @param {string} name */
  model: (name) => join(corpus, 'models', name),
  /** @param {string} name */
  data: (name) => join(corpus, 'data', name),
  /** @param {string} name */
  preprocess: (name) => join(corpus, 'preprocess', name),
};

/** @type {Network} */
export const digits = {
  title: 'digits',
  model: join(root, 'examples/digits/digits.onnx'),
  data: evaluation(join(root, 'examples/digits/digits-test.npz'), join(root, 'examples/digits/preprocess.json')),
};

/** All networks of the corpus that this table knows; none where the corpus is absent. @returns {readonly Network[]} */
export function corpusNetworks() {
  return Object.keys(titles)
    .map((file) => networkOf(corpusFile.model(file)))
    .filter(({ model }) => existsSync(model));
}

/**
 * The network in a file, with its test images where they are known.
 *
 * @param {string} model
 * @returns {Network}
 */
export function networkOf(model) {
  if (relative(model, digits.model) === '') return digits;
  const [title, images, preprocess] = titles[basename(model)] ?? [];
  if (!title) return { title: basename(model, '.onnx'), model, data: [] };
  return { title, model, data: evaluation(corpusFile.data(images), corpusFile.preprocess(preprocess)) };
}

/** @param {string} images @param {string} preprocess */
function evaluation(images, preprocess) {
  return ['--evaluate', images, '--preprocess', preprocess];
}
