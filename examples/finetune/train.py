"""A LoRA fine-tune with Unsloth, as a trainer of the workflow `finetune`.

Reads one JSON object on standard input: base_model, dataset (a path), output (a folder), lora, training.
Tells one JSON object a line on standard output: {"epoch": n, "loss": x}, and at the end {"metrics": {...}}.
Leaves the adapter in the output folder. Exit code 75 asks for another attempt.
"""

import json
import os
import sys

# The protocol has standard output for itself; what libraries print goes to standard error.
told = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def tell(**news):
    told.write(json.dumps(news) + "\n")


def text_of(record, tokenizer):
    messages = record.get("messages") or [
        {"role": "user", "content": record["prompt"]},
        {"role": "assistant", "content": record["completion"]},
    ]
    return {"text": tokenizer.apply_chat_template(messages, tokenize=False)}


def main():
    asked = json.load(sys.stdin)
    lora, training = asked["lora"], asked["training"]

    from unsloth import FastLanguageModel  # first: it patches the others
    from datasets import load_dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer
    import torch

    length = training.get("sequence_length", 2048)
    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=asked["base_model"], max_seq_length=length, load_in_4bit=True
    )
    model = FastLanguageModel.get_peft_model(
        model,
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora.get("target_modules")
        or ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        use_gradient_checkpointing="unsloth",
        random_state=training["seed"],
    )
    data = load_dataset("json", data_files=asked["dataset"], split="train")
    data = data.map(lambda record: text_of(record, tokenizer), remove_columns=data.column_names)

    class Teller(TrainerCallback):
        def on_epoch_end(self, args, state, control, **more):
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            tell(epoch=round(state.epoch), loss=losses[-1] if losses else None)

    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=data,
        callbacks=[Teller()],
        args=SFTConfig(
            dataset_text_field="text",
            max_length=length,
            num_train_epochs=training["epochs"],
            learning_rate=training["learning_rate"],
            per_device_train_batch_size=training["batch_size"],
            gradient_accumulation_steps=4,
            seed=training["seed"],
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            output_dir="checkpoints",
        ),
    )
    try:
        result = trainer.train()
    except torch.cuda.OutOfMemoryError:
        print("the GPU has no memory left", file=sys.stderr)
        sys.exit(75)
    model.save_pretrained(asked["output"])
    tokenizer.save_pretrained(asked["output"])
    tell(metrics={name: value for name, value in result.metrics.items() if isinstance(value, (int, float))})


if __name__ == "__main__":
    main()
