"""Lay a synthesised run out for a trainer outside a cluster: lay_out.py DIST MODEL FOLDER

Takes the manifests in DIST apart, writes train_config.yaml, the DeepSpeed JSON and dataset_info.json into FOLDER, and
moves the paths: the model is MODEL, everything else lies in FOLDER. The data file is the one already in FOLDER/data.
"""
import glob, json, os, sys
import yaml
dist, model, folder = sys.argv[1:]
files = {}
for path in sorted(glob.glob(os.path.join(dist, "*.yaml"))):
    for document in yaml.safe_load_all(open(path)):
        if document and document["kind"] == "ConfigMap":
            files.update(document.get("data", {}))
config = yaml.safe_load(files["train_config.yaml"])
if "deepspeed" in config:
    config["deepspeed"] = os.path.join(folder, os.path.basename(config["deepspeed"]))
    open(config["deepspeed"], "w").write(files[os.path.basename(config["deepspeed"])])
config.update(model_name_or_path=model, dataset_dir=os.path.join(folder, "data"), output_dir=os.path.join(folder, "saves"))
yaml.safe_dump(config, open(os.path.join(folder, "train_config.yaml"), "w"), sort_keys=False)
print("laid out", json.dumps({k: config[k] for k in ("dataset", "template", "output_dir")}), flush=True)
