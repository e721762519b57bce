/** Loads an exported classifier in transformers.js, offline, and prints its labels and scores: one JSON. */
import { pathToFileURL } from 'node:url';

const [modules, text] = process.argv.slice(2);
const job = JSON.parse(text);
const file = `${modules}/@huggingface/transformers/dist/transformers.node.mjs`;
const { env, pipeline } = await import(pathToFileURL(file).href);
env.allowRemoteModels = false;
env.useFSCache = false;

const judge = await pipeline('text-classification', job.classifier, { dtype: 'fp32' });
process.stdout.write(JSON.stringify(await judge(job.texts, { top_k: null })));
