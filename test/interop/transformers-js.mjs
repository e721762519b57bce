/** Loads exported folders in transformers.js, offline, and prints what they give: one JSON. */
import { pathToFileURL } from 'node:url';

const [modules, text] = process.argv.slice(2);
const job = JSON.parse(text);
const file = `${modules}/@huggingface/transformers/dist/transformers.node.mjs`;
const { env, pipeline } = await import(pathToFileURL(file).href);
env.allowRemoteModels = false;
env.useFSCache = false;

const policies = {};
for (const dtype of job.policy ? job.dtypes : []) {
  const run = await pipeline('text2text-generation', job.policy, { dtype });
  const options = { max_new_tokens: job.steps };
  const ids = async (texts) => {
    const inputs = run.tokenizer(texts, { padding: true, truncation: true });
    const sequences = await run.model.generate({ ...inputs, ...options });
    return sequences.tolist().map((row) => row.map(Number).slice(1));
  };
  policies[dtype] = {
    batch: await ids(job.prompts),
    single: (await Promise.all(job.prompts.map((prompt) => ids([prompt])))).flat(),
    texts: (await run(job.prompts, options)).map((answer) => answer.generated_text),
  };
  await run.dispose();
}
let summary;
if (job.policy) {
  const summarise = await pipeline('summarization', job.policy, { dtype: 'fp32' });
  [{ summary_text: summary }] = await summarise(job.prompts[0], { max_new_tokens: job.steps });
}

const classifiers = {};
for (const dtype of job.dtypes) {
  const judge = await pipeline('text-classification', job.classifier, { dtype });
  classifiers[dtype] = await judge(job.texts, { top_k: null });
  await judge.dispose();
}
process.stdout.write(JSON.stringify({ policies, summary, classifiers }));
