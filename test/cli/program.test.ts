import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { tactful } from './io.ts';

test('help of the program', async () => {
  const { code, out, err } = await tactful(['--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatchInlineSnapshot(`
    "Usage: tactful <command> [options]

    Train language models by reinforcement learning, and measure what it did.

    Options:
      --version         Print the version
      -h, --help        Show this help

    Commands:
      detox             Train a policy until its summaries are less toxic, and prove
                        whether they are.
      init              Write a config file for a job: every setting with what it
                        does.
      resume            Go on with a run or a training that was stopped or broke
                        off, as if it had not.
      doctor            Check models, reward, data and settings before a run.
      evaluate          Measure a policy on held-out dialogues, or two against each
                        other, without training.
      sft               Teach a policy to summarise from examples, before or instead
                        of detox.
      train-classifier  Train a reward model on labelled texts.
      worker            Compute for runs on other machines that meet at a Redis.
      workers           Show the workers at a Redis, what they do, and the runs that
                        want some.
      compare           Hold finished runs against each other: verdicts, curves,
                        settings, answers.
      runs              List runs; show one, hold settings against each other,
                        delete, export as tables.
      watch             Follow a run while it trains: curves, the time that is left,
                        what guards saw.
      sync              Send runs to their stores: what these do not have yet, and
                        nothing twice.
      ui                Show runs in the browser: curves and texts while they train,
                        side by side.
      report            Make the reports of a finished run again, from its log and
                        its samples.
      generate          Let a policy answer prompts or summarise dialogues.
      score             Judge texts with a reward model.
      llm-judge         Let an LLM judge the responses of a finished run:
                        faithfulness and coverage.
      samples           Show what a run learnt from: the responses of a step, with
                        what was said of them.
      merge             Merge a LoRA adapter into its model, as a folder that
                        transformers loads.
      export            Write a model as ONNX, for transformers.js in Node and
                        browsers.
      push              Put a folder on the Hugging Face hub: an adapter, a merged
                        or an exported model.
      inspect           Show what a model, an adapter or a weight file holds, and
                        whether the jobs can load it.
      setup             Fetch OpenVINO, faster with larger models on CPUs with bf16.
      help              Show the help of a command
    "
  `);
});

test('without a word there is help as well', async () => {
  expect(await tactful([])).toEqual(await tactful(['--help']));
});

test('help of detox', async () => {
  expect((await tactful(['detox', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful detox [options]

    Train a policy until its summaries are less toxic, and prove whether they are.

    Measures the held-out dialogues, trains a LoRA adapter by PPO, RLOO or GRPO
    against the reward model, measures the same dialogues again and compares.
    Everything is kept in a run folder.

    Options:
      --preset <demo|lab>                          Settings to begin with: the demo,
                                                   or the lab on FLAN-T5 (default:
                                                   demo, when no model is named)
      --config <file>                              Settings as YAML, for instance
                                                   the config.yaml of a run
      --set <name=value>…                          A setting by its name in a config
                                                   file, for instance
                                                   training.seed=3
      --output <dir>                               Folder of the run (default:
                                                   runs/<time>)
      --model <dir|name>                           Base model (T5 or BART, Hugging
                                                   Face layout): folder, or name on
                                                   the Hugging Face hub
      --revision <commit>                          Branch, tag or commit of the
                                                   model on the hub (default: main)
      --adapter <dir|zip|name>                     PEFT LoRA adapter to start from:
                                                   folder, .zip, or name on the hub
                                                   (default: a fresh one)
      --adapter-revision <commit>                  Branch, tag or commit of the
                                                   adapter on the hub (default:
                                                   main)
      --reward-model <dir|name>                    Classifier that rewards and
                                                   judges: folder, or name on the
                                                   Hugging Face hub
      --reward-revision <commit>                   Branch, tag or commit of the
                                                   reward model on the hub (default:
                                                   main)
      --toxicity-model <dir|name>                  Classifier that measures the
                                                   toxicity, where the reward model
                                                   does not: folder, or name on the
                                                   hub (default: the reward model)
      --toxicity-revision <commit>                 Branch, tag or commit of the
                                                   toxicity model on the hub
                                                   (default: main)
      --data <file|name>                           Dialogues with summaries, shaped
                                                   like DialogSum: file or folder,
                                                   or name on the Hugging Face hub
      --data-revision <commit>                     Branch, tag or commit of the data
                                                   on the hub (default: main)
      --require <verdict>                          End with exit code 3 unless the
                                                   verdict is improved,
                                                   improved-at-a-cost or better, or
                                                   no-worse
      -h, --help                                   Show this help

    A fresh adapter, when none is given:
      --lora-rank <n>                              Rank of a fresh adapter, when
                                                   none is given [default: 32]
      --lora-alpha <x>                             Alpha of a fresh adapter
                                                   [default: 32]
      --lora-targets <name,…>                      Modules of a fresh adapter
                                                   (default: queries and values, of
                                                   a T5 q,v, of a BART
                                                   q_proj,v_proj)
      --lora-dropout <x>                           Dropout that the config of a
                                                   fresh adapter names: sft drops by
                                                   it, and so do responses with
                                                   --compat [default: 0]

    Data:
      --prompt-template <text|file>                The prompt; the dialogue stands
                                                   for {dialogue} in it. Or a module
                                                   that makes it out of a row: .ts,
                                                   .js, .mjs [default: \\nSummarize
                                                   the following
                                                   conversation.\\n\\n{dialogue}\\n\\nSummary:\\n]
      --minimum-length <n>                         Shortest dialogue kept, in
                                                   characters, exclusive [default:
                                                   200]
      --maximum-length <n>                         Longest dialogue kept, in
                                                   characters [default: 1000]
      --max-query-tokens <n>                       Longer prompts are cut [default:
                                                   512]
      --test-share <x>                             Share of the data that is held
                                                   out, from its end [default: 0.2]
      --shuffle-split                              Hold out rows from all over the
                                                   data, not its end
      --split-seed <n>                             Which ones those are: the same
                                                   for every --seed of a run
                                                   [default: 0]
      --test-data <file|name>                      File, folder, or name on the hub,
                                                   to hold out instead of the end of
                                                   the data (default: none)
      --test-data-revision <commit>                Branch, tag or commit of the test
                                                   data on the hub (default: main)
      --test-split <text>                          Part of the data folder, or of
                                                   --test-data, to hold out
                                                   (default: test with --test-data,
                                                   else none)
      --split <text>                               Part of a data folder: train,
                                                   validation, test … (default:
                                                   train, where files are named so)
      --max-rows <n>                               Rows to read at most, from the
                                                   first
      --strict                                     Stop at the first bad row
                                                   (default: bad rows are told and
                                                   left out)
      --delimiter <text>                           What stands between cells of CSV
                                                   and TSV (default: as the first
                                                   rows show)
      --encoding <text>                            Encoding of text files:
                                                   windows-1252, shift_jis, gbk …
                                                   (default: utf-8, or what a mark
                                                   says)
      --dialogue-column <text>                     Column of the dialogues (default:
                                                   dialogue, text, article …)
      --summary-column <text>                      Column of the summaries (default:
                                                   summary, highlights …)
      --id-column <text>                           Column that names the rows
                                                   (default: id, fname, or the row
                                                   number)
      --group-column <text>                        Column by whose values results
                                                   are also told (default: tone, if
                                                   there is one)

    Measuring:
      --samples <n>                                Held-out dialogues to evaluate,
                                                   before and after [default: 500]
      --samples-per-prompt <n>                     Responses to each of them; the
                                                   prompt stays the unit of all
                                                   statistics [default: 1]
      --judge <words|file|dir|name,…>              Judges that the training never
                                                   sees: words (a list that comes
                                                   with tactful), lists of your own
                                                   (.txt), classifiers (folder, or
                                                   name on the hub, NAME@COMMIT);
                                                   none (default: with a preset
                                                   words)
      --judge-label <text>                         Toxic label of such a classifier;
                                                   of a,b the sum, or with sigmoids
                                                   the largest (default:
                                                   --toxic-label, the only one,
                                                   hate, toxic …)
      --rouge-stemmer                              Measure ROUGE on Porter stems, as
                                                   rouge_score does with use_stemmer
      --rows <n>                                   Rows of the comparison table
                                                   [default: 20]
      --evaluate-every <n>                         Steps between measurements that
                                                   choose the best adapter (0: none)
                                                   [default: 0]
      --validation-samples <n>                     Dialogues for that, taken out of
                                                   the training part [default: 64]
      --best-metric <reward|toxicity|rouge1>       By what the best adapter is
                                                   chosen [default: reward]
      --patience <n>                               Stop after so many measurements
                                                   without a better one; 0: never
                                                   [default: 0]
      --quality-limit <x>                          Share of ROUGE beyond whose loss
                                                   less toxicity has a cost
                                                   [default: 0.15]
      --language <en|ko>                           Language of the verdict and of
                                                   the reports: English or Korean
                                                   [default: en]
      --evaluation-max-new-tokens <n>              Longest response of the
                                                   measurements, in tokens (default:
                                                   as --max-new-tokens)
      --evaluation-min-length <n>                  Decoder ids before which their
                                                   responses cannot end (default: as
                                                   --min-length)
      --evaluation-top-k <n>                       Top k of the measurements
                                                   (default: as --top-k)

    Guards:
      --guards <stop|warn|off>                     What guards do when the training
                                                   goes too far: stop it and go back
                                                   to the last step that was well,
                                                   warn, or nothing (default: stop;
                                                   with --compat warn)
      --guard-every <n>                            Steps between their looks at
                                                   held-out dialogues (0: none)
                                                   [default: 10]
      --guard-samples <n>                          Held-out dialogues that they look
                                                   at [default: 64]

    Training:
      --algorithm <ppo|rloo|grpo>                  PPO with a critic; RLOO and GRPO
                                                   compare several responses to one
                                                   prompt instead [default: ppo]
      --steps <n>                                  Batches of responses to learn
                                                   from; 0 measures twice and learns
                                                   nothing [default: 10]
      --batch-size <n>                             Responses per step (TRL: 128)
                                                   [default: 16]
      --num-generations <n>                        Responses to each prompt
                                                   (default: 1; 4 for rloo and grpo)
      --mini-batch-size <n>                        Responses per gradient (TRL: 128)
                                                   [default: 4]
      --gradient-accumulation-steps <n>            Gradients per optimizer step
                                                   [default: 1]
      --staleness <n>                              Sample the responses of a step
                                                   with the policy of so many steps
                                                   before, so that workers sample
                                                   while others learn;
                                                   --sampling-correction makes up
                                                   for it [default: 0]
      --gradient-checkpointing                     Recompute each block in the
                                                   backward pass instead of keeping
                                                   its activations: less memory,
                                                   about a third more time
      --ppo-epochs <n>                             Passes over each batch [default:
                                                   4]
      --seed <n>                                   Seed of sampling, shuffling and
                                                   initialisation [default: 0]
      --checkpoint-every <n>                       Steps between checkpoints, from
                                                   which a run can be resumed (0: at
                                                   a stop alone) [default: 5]
      --keep-checkpoints <n>                       Checkpoints to keep, the last
                                                   ones [default: 2]
      --keep-rollouts <n>                          Steps of which each token of the
                                                   rollouts is kept, the last ones;
                                                   of older ones texts and scores
                                                   stay (default: all; 0: nothing is
                                                   kept)

    Sampling:
      --[no-]sample                                Draw tokens at random; otherwise
                                                   take the likeliest [default: on]
      --temperature <x>                            Logits are divided by this
                                                   [default: 1]
      --top-k <n>                                  Keep the k likeliest tokens; 0
                                                   keeps all [default: 0]
      --top-p <x>                                  Keep the likeliest tokens up to
                                                   this probability [default: 1]
      --min-length <n>                             No end before this many ids,
                                                   decoder start included [default:
                                                   0]
      --min-new-tokens <n>                         No end before this many new
                                                   tokens [default: 0]
      --max-new-tokens <n>                         Longest response in tokens
                                                   [default: 64]
      --response-limits <low,high>                 Draw each response's longest
                                                   length from [low, high), as TRL's
                                                   LengthSampler

    Reward and scores:
      --reward <file>                              Reward of your own beside the
                                                   reward model: a module that
                                                   scores responses, .ts, .js or
                                                   .mjs
      --reward-weight <x>                          Weight of what that module says
                                                   [default: 1]
      --reward-model-weight <x>                    Weight of what the reward model
                                                   says; with 0 it only measures
                                                   [default: 1]
      --reward-label <text>                        Label whose logit is the reward;
                                                   -NAME takes it away, a,b adds up;
                                                   a single output needs no name
                                                   [default: nothate]
      --toxic-label <text>                         Label whose probability is the
                                                   toxicity; of a,b it is the sum,
                                                   or with sigmoids the largest
                                                   [default: hate]
      --toxicity-on <response|pair>                What the toxicity is measured on:
                                                   the response, or prompt and
                                                   response [default: response]
      --score-on <response|pair|delta>             What the reward reads [default:
                                                   response]
      --pair-as <joined|two-texts>                 How prompt and response are read:
                                                   joined to one text, or as a text
                                                   pair with segments [default:
                                                   joined]
      --rouge-weight <x>                           Weight of ROUGE-1 against the
                                                   reference summary beside the
                                                   reward model's score [default: 0]
      --calibrate <n>                              Score this many responses of the
                                                   starting policy first; scores
                                                   then count from their mean, in
                                                   their deviations (default: 64; 0
                                                   with --use-score-scaling or
                                                   --compat)
      --use-score-scaling                          Divide scores by their running
                                                   deviation
      --use-score-norm                             Subtract the running mean as well
      --score-clip <x>                             Clip scores to [-c, c], after
                                                   scaling
      --missing-eos-penalty <x>                    Taken from the score of a
                                                   response that hits the length
                                                   limit (default: 1 where scores
                                                   are scaled)
      --min-response-tokens <n>                    Responses shorter than this are
                                                   penalised [default: 0]
      --short-response-penalty <x>                 Taken from the score of a
                                                   response that is too short
                                                   [default: 1]

    KL:
      --reference <initialPolicy|base>             What the KL is measured against:
                                                   the starting adapter, or the bare
                                                   model (default: initialPolicy;
                                                   base with --compat)
      --kl-placement <reward|loss>                 Where the KL is paid (default:
                                                   reward; loss for grpo)
      --kl-penalty <kl|abs|mse|full|k3>            Estimate of the KL per token
                                                   (default: kl in the reward, k3 in
                                                   the loss)
      --init-kl-coef <x>                           KL coefficient at the start
                                                   [default: 0.2]
      --[no-]adap-kl-ctrl                          Adapt the KL coefficient to the
                                                   target [default: on]
      --target <x>                                 KL that the controller aims at,
                                                   summed over a response [default:
                                                   6]
      --horizon <x>                                Responses over which the
                                                   controller acts [default: 10000]

    Advantages and loss:
      --gamma <x>                                  Discount per token [default: 1]
      --lam <x>                                    Lambda of GAE: 0 trusts the
                                                   critic, 1 the rewards [default:
                                                   0.95]
      --whiten-rewards                             Whiten token rewards, keeping
                                                   their mean
      --advantage-scale <group|batch|none>         What rloo and grpo divide
                                                   advantages by: the deviation of
                                                   what a prompt or the batch earned
                                                   (default: group for grpo, none
                                                   for rloo)
      --clip-range <x>                             Ratio clip: [1 - c, 1 + c]
                                                   [default: 0.2]
      --entropy-coef <x>                           Weight of the entropy bonus
                                                   [default: 0]
      --loss-average <token|sequence>              Average over all tokens, or over
                                                   responses of the averages over
                                                   their tokens [default: token]

    Critic (ppo):
      --value-head <zero|uniform|none>             Start of the value head (default:
                                                   zero; TRL: uniform; none for rloo
                                                   and grpo)
      --vf-coef <x>                                Weight of the value loss
                                                   [default: 0.1]
      --clip-range-value <x>                       Value clip: [V - c, V + c] around
                                                   the value of the rollout
                                                   [default: 0.2]
      --detach-value                               Keep the value loss out of the
                                                   adapter: it trains the value head
                                                   alone
      --critic-warmup <n>                          First steps, in which the value
                                                   head learns alone [default: 0]
      --value-learning-rate <x>                    Learning rate of the value head
                                                   (default: as the rest)
      --bootstrap-truncated                        Let the critic guess what a
                                                   response that hit the length
                                                   limit would still earn
      --value-head-file <name>                     File of the value head beside
                                                   each adapter; TRL reads
                                                   pytorch_model.bin [default:
                                                   value_head.safetensors]

    Optimizer:
      --learning-rate <x>                          Adam learning rate [default:
                                                   1.41e-5]
      --schedule <constant|linear|cosine>          Course of the learning rate:
                                                   constant, or down to 0 over the
                                                   steps [default: constant]
      --warmup <n>                                 First steps, in which the
                                                   learning rate grows from 0
                                                   [default: 0]
      --adam-betas <first,second>                  Decay of the moments of Adam
                                                   [default: 0.9,0.999]
      --adam-eps <x>                               Adam epsilon (default: 1e-5; TRL:
                                                   1e-8, whose first steps are
                                                   sign-like)
      --weight-decay <x>                           Decoupled weight decay (AdamW); 0
                                                   is Adam [default: 0]
      --max-grad-norm <x>                          Clip the gradients of each
                                                   optimizer step to this norm

    Limits:
      --ratio-threshold <x>                        Skip a minibatch whose mean ratio
                                                   is above this [default: 10]
      --early-stopping                             Stop the epochs of a batch when
                                                   the policy has moved too far
      --target-kl <x>                              Too far: a KL to the policy of
                                                   the rollouts above 1.5 times this
                                                   [default: 1]
      --sampling-correction <token|sequence|none>  Where rollouts are scored once
                                                   more: weigh the policy loss by
                                                   how much likelier the scoring
                                                   finds a token, or its whole
                                                   response, than the sampling did
                                                   (default: token with --staleness
                                                   and where an engine computes in
                                                   less than float32, else none)
      --sampling-cap <x>                           Largest weight of
                                                   --sampling-correction [default:
                                                   2]

    Parity with TRL 0.8.0:
      --compat <none|trl-0.8.0>                    Reproduce TRL 0.8.0's arithmetic,
                                                   defects included [default: none]
      --without <name,…>                           Corrections of TRL 0.8.0 to leave
                                                   out, of scoresFirstToken,
                                                   keepsDecoderStart,
                                                   rewardsByLabel,
                                                   stripsSpecialTokens,
                                                   scoresAtTemperature,
                                                   clipsEveryStep, skipsWholeStep,
                                                   stopsBeforeStep,
                                                   whitensRealTokens, shufflesByKey,
                                                   samplesWithoutDropout
                                                   (docs/ppo.md)
      --rescore                                    Compute the logprobs and values
                                                   of rollouts once more, in a pass
                                                   of their own, instead of keeping
                                                   those of the sampling; the same
                                                   but for rounding (default: with
                                                   --compat and --staleness, and
                                                   where an engine computes in less
                                                   than float32)
      --versus <compat>                            Do the run twice, with the
                                                   default's semantics and with
                                                   those of --compat, and tell what
                                                   differs
      --ablate                                     With --versus: leave out each
                                                   correction alone as well, a run
                                                   each

    Store:
      --store <name,…>                             Where the run goes beside its
                                                   folder, which has all in any
                                                   case: dynamodb, a table with its
                                                   comparison; tensorboard, files in
                                                   its folder; mlflow, a server
                                                   [default: folder]
      --table <text>                               DynamoDB table [default:
                                                   llm_with_rlhf]
      --create-table                               Create the table if it is missing
      --key <conversation_id|run>                  What tells the items of the table
                                                   apart: conversation_id, a number
                                                   for every row, or run, where each
                                                   run has a place of its own
                                                   [default: conversation_id]
      --table-items <refuse|append|replace>        When the table holds items of
                                                   other runs: refuse to start,
                                                   append (numbered after them), or
                                                   replace (all are deleted)
                                                   [default: refuse]
      --endpoint <url>                             Where DynamoDB answers, for
                                                   instance http://127.0.0.1:8000
      --region <text>                              AWS region
      --tracking-uri <url>                         MLflow server, as
                                                   http://127.0.0.1:5000 (default:
                                                   MLFLOW_TRACKING_URI)
      --experiment <text>                          MLflow experiment, made if it is
                                                   missing (default:
                                                   MLFLOW_EXPERIMENT_NAME, else
                                                   tactful)

    Engine:
      --engine <name>                              onnxruntime, openvino, or auto:
                                                   openvino where it is known to be
                                                   faster [default: auto]
      --precision <bf16|f32>                       Of matrix products in openvino
                                                   (default: bf16 where the CPU has
                                                   it)
      --device <cpu|webgpu|cuda>                   Where to compute [default: cpu]
      --threads <n>                                Threads to compute with; 0 lets
                                                   the engine choose [default: 0]

    Machines:
      --workers <url>                              Let the workers compute that wait
                                                   at this Redis, as
                                                   redis://host:6379 or rediss://
                                                   (tactful worker)
      --shared <dir>                               Folder that all machines see:
                                                   large data travels through it,
                                                   not through Redis; workers name
                                                   it as well
      --mixed                                      Take workers whose engine, CPU or
                                                   threads give other bits; runs
                                                   then cannot be repeated
      --queue-prefix <name>                        What all keys on Redis begin
                                                   with: workers and runs of one
                                                   prefix see each other [default:
                                                   tactful]
      --rows-per-run <n>                           Most rows that are generated,
                                                   scored or judged in one run:
                                                   fewer let more workers share a
                                                   batch, and give other low bits;
                                                   0: as many as fit [default: 0]

    Output:
      --ui                                         Show it in the browser while it
                                                   runs, and until Ctrl-C
      --json                                       Print JSON, and nothing else
      --quiet                                      Show no progress
      --verbose                                    With an error, show where it
                                                   happened

    Examples:
      tactful detox
          the demo: small models and dialogues that come with tactful
      tactful detox --model DIR --reward-model DIR --data train.csv --steps 10
          models and data of your own
      tactful detox --config runs/RUN/config.yaml
          a run again
      tactful detox --versus compat --ablate
          what each defect of TRL 0.8.0 costs: the run once more with each
    "
  `);
});
test('help of generate', async () => {
  expect((await tactful(['generate', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful generate [options]

    Let a policy answer prompts or summarise dialogues.

    Without --prompt, --dialogue and --data, the standard input is the prompt.

    Options:
      --model <dir>               Model (T5 or BART, Hugging Face format): folder,
                                  or name on the hub [required]
      --revision <text>           Branch, tag or commit of the model on the hub
                                  (default: main)
      --adapter <dir>             LoRA adapter (PEFT format): folder, .zip, or name
                                  on the hub
      --adapter-revision <text>   Branch, tag or commit of the adapter on the hub
                                  (default: main)
      --prompt <text>             The prompt, as it is
      --dialogue <text>           A dialogue to summarise; the prompt is put around
                                  it
      --data <file>               Dialogues to summarise: file, folder, or name on
                                  the hub
      --data-revision <text>      Branch, tag or commit of the data on the hub
                                  (default: main)
      --prompt-template <text>    The prompt; the dialogue stands for {dialogue} in
                                  it. Or a module that makes it out of a row: .ts,
                                  .js, .mjs [default: \\nSummarize the following
                                  conversation.\\n\\n{dialogue}\\n\\nSummary:\\n]
      --samples <n>               Dialogues of --data to take, from the first
                                  [default: 10]
      -h, --help                  Show this help

    Data:
      --dialogue-column <text>    Column of the dialogues (default: dialogue, text,
                                  article …)
      --id-column <text>          Column that names the rows (default: id, fname, or
                                  the row number)
      --minimum-length <n>        Shortest dialogue taken, in characters, exclusive
                                  [default: 0]
      --maximum-length <n>        Longest dialogue taken, in characters (default:
                                  any)
      --split <text>              Part of a data folder: train, validation, test …
                                  (default: train, where files are named so)
      --max-rows <n>              Rows to read at most, from the first
      --[no-]strict               Stop at the first bad row; otherwise bad rows are
                                  told and left out [default: on]
      --delimiter <text>          What stands between cells of CSV and TSV (default:
                                  as the first rows show)
      --encoding <text>           Encoding of text files: windows-1252, shift_jis,
                                  gbk … (default: utf-8, or what a mark says)

    Sampling:
      --greedy                    Take the likeliest token each time
      --temperature <x>           Logits are divided by this [default: 1]
      --top-k <n>                 Keep the k likeliest tokens; 0 keeps all [default:
                                  0]
      --top-p <x>                 Keep the likeliest tokens up to this probability
                                  [default: 1]
      --min-length <n>            No end before this many ids, decoder start
                                  included [default: 0]
      --min-new-tokens <n>        No end before this many new tokens [default: 0]
      --max-new-tokens <n>        Longest response in tokens [default: 64]
      --seed <n>                  Same seed, same responses [default: 0]

    Engine:
      --engine <name>             onnxruntime, openvino, or auto: openvino where it
                                  is known to be faster [default: auto]
      --precision <bf16|f32>      Of matrix products in openvino (default: bf16
                                  where the CPU has it)
      --device <cpu|webgpu|cuda>  Where to compute [default: cpu]
      --threads <n>               Threads to compute with; 0 lets the engine choose
                                  [default: 0]

    Output:
      --json                      Print JSON, and nothing else
      --quiet                     Show no progress
      --verbose                   With an error, show where it happened

    Examples:
      tactful generate --model DIR --dialogue "A: Hi! B: Hello."
          one summary
      tactful generate --model DIR --data test.csv --samples 5 --json
          JSON, one line each
    "
  `);
});
test('help of score', async () => {
  expect((await tactful(['score', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful score [options] [text...]

    Judge texts with a reward model.

    Without a text and --data, every line of the standard input is a text. Shown are
    the probability and the logit of each label, of a regression its numbers alone;
    the reward of the training is the logit.

    Arguments:
      text                             A text to judge, in quotes

    Options:
      --reward-model <dir>             Classifier (Hugging Face format): folder, or
                                       name on the hub [required]
      --reward-revision <text>         Branch, tag or commit of the classifier on
                                       the hub (default: main)
      --label <text>                   Show this label alone (default: all)
      --data <file>                    Texts to judge: a field of rows, in a file, a
                                       folder, or on the hub
      --data-revision <text>           Branch, tag or commit of the data on the hub
                                       (default: main)
      --field <summary|dialogue|text>  Field of --data to judge (default: summary,
                                       or text where there is none)
      --samples <n>                    Rows of --data to take, from the first
      -h, --help                       Show this help

    Data:
      --summary-column <text>          Column of the summaries (default: summary,
                                       highlights …)
      --dialogue-column <text>         Column of the dialogues (default: dialogue,
                                       text, article …)
      --text-column <text>             Column of the texts (default: text, comment,
                                       tweet …)
      --split <text>                   Part of a data folder: train, validation,
                                       test … (default: train, where files are named
                                       so)
      --max-rows <n>                   Rows to read at most, from the first
      --[no-]strict                    Stop at the first bad row; otherwise bad rows
                                       are told and left out [default: on]
      --delimiter <text>               What stands between cells of CSV and TSV
                                       (default: as the first rows show)
      --encoding <text>                Encoding of text files: windows-1252,
                                       shift_jis, gbk … (default: utf-8, or what a
                                       mark says)

    Engine:
      --engine <name>                  onnxruntime, openvino, or auto: openvino
                                       where it is known to be faster [default:
                                       auto]
      --precision <bf16|f32>           Of matrix products in openvino (default: bf16
                                       where the CPU has it)
      --device <cpu|webgpu|cuda>       Where to compute [default: cpu]
      --threads <n>                    Threads to compute with; 0 lets the engine
                                       choose [default: 0]

    Output:
      --json                           Print JSON, and nothing else
      --quiet                          Show no progress
      --verbose                        With an error, show where it happened

    Examples:
      tactful score --reward-model DIR "You are a clown." "Nice to meet you."
          two texts
      tactful score --reward-model DIR --label hate --json < lines.txt
          JSON, one line each
    "
  `);
});
test('help of inspect', async () => {
  expect((await tactful(['inspect', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful inspect [options] [path]

    Show what a model, an adapter or a weight file holds, and whether the jobs can
    load it.

    Arguments:
      path                       Model or adapter (folder, or name on the hub),
                                 .safetensors or config.json

    Options:
      --model <dir>              A model: folder, or name on the hub
      --revision <text>          Branch, tag or commit of the model on the hub
                                 (default: main)
      --config <file>            A model's config.json alone
      --adapter <dir>            A LoRA adapter: folder, .zip, or name on the hub
      --adapter-revision <text>  Branch, tag or commit of the adapter on the hub
                                 (default: main)
      --value-head               Count a value head as well
      --tensors                  List all tensors
      -h, --help                 Show this help

    A LoRA adapter that does not exist yet:
      --lora-rank <n>            Its rank
      --lora-targets <a,…>       Modules that it adapts (default: queries and
                                 values)
      --lora-alpha <x>           Its scale (default: the rank)

    Output:
      --json                     Print JSON, and nothing else
      --quiet                    Show no progress
      --verbose                  With an error, show where it happened

    Examples:
      tactful inspect DIR
          a model or an adapter
      tactful inspect google/flan-t5-base
          a model of the Hugging Face hub
      tactful inspect DIR/model.safetensors
          the tensors of a file
      tactful inspect --config config.json --lora-rank 32 --lora-targets q,v
          how many parameters an adapter would train
    "
  `);
});

test.each(commands)('`help $name` is `$name --help`, under the same summary', async (entry) => {
  const { name, summary } = await entry.load();
  expect({ name, summary }).toEqual({ name: entry.name, summary: entry.summary });
  const words = await tactful(['help', name]);
  expect(words).toEqual(await tactful([name, '--help']));
  expect(words.code).toBe(0);
});

describe('a wrong command line is told in one line, with exit code 2', () => {
  test.each([
    ['detx', 'unknown command "detx". Did you mean detox?'],
    ['help detx', 'unknown command "detx". Did you mean detox?'],
    ['xyzzy', 'unknown command "xyzzy". See tactful --help.'],
    ['--versoin', 'unknown option "--versoin". Did you mean --version?'],
    ['generate --modle x', 'unknown option "--modle". Did you mean --model?'],
    ['generate --zzz', 'unknown option "--zzz". See tactful generate --help.'],
    ['generate', 'expected --model <dir>, got nothing.'],
    ['generate --model', '--model: expected a value, got nothing.'],
    [
      'generate --model m --prompt a --data b',
      'expected one of --prompt, --dialogue and --data, got 2 of them.',
    ],
    ['generate --model m', 'expected --prompt, --dialogue, --data or a text to read, got nothing.'],
    ['detox --model=', '--model: expected a text that is not empty, got "".'],
    [
      'sft --model m --data d --lora-targets=',
      '--lora-targets: expected a list that is not empty, got "".',
    ],
    [
      'detox --strict=false',
      '--strict: expected no value, got "false". To turn it off: --no-strict.',
    ],
    ['detox --steps=1,5', '--steps: expected a whole number of at least 0, got "1,5".'],
    [
      'merge --model m --adapter a --output o --max-shard-size 0GB',
      '--max-shard-size: expected a size such as 5GB or 500MB, got "0GB".',
    ],
    ['score --reward-model m', 'expected a text, --data or lines to read, got nothing.'],
    ['score --reward-model m a --data b', 'expected texts or --data, got both.'],
    ['inspect', 'expected a path, --model, --config or --adapter, got nothing.'],
    [
      'inspect a b',
      'too many arguments for "inspect". Expected 1 argument but got 2. See tactful inspect --help.',
    ],
  ])('%s', async (line, message) => {
    const { code, out, err } = await tactful(line.split(' '));
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: `error: ${message}\n` });
  });
});

describe('what goes wrong later has exit code 1', () => {
  test('and one line', async () => {
    const { code, err } = await tactful(['inspect', '/no/such']);
    expect(code).toBe(1);
    expect(err).toBe(
      'error: /no/such: expected a model, an adapter, a .safetensors file or a config.json, got no such file or folder. Check the path.\n',
    );
  });

  test('and a stack with --verbose', async () => {
    const { err } = await tactful(['inspect', '/no/such', '--verbose']);
    expect(err).toMatch(/^error: .*\nInputError: .*\n {4}at /);
  });
});
