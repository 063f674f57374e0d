"""Checkpoints in the authors' form, with small random weights."""

import torch

from haaqinet_eval.model.paper.beats import Beats, BeatsConfig

SMALL = {
    "input_patch_size": 16,
    "embed_dim": 24,
    "encoder_layers": 3,
    "encoder_embed_dim": 32,
    "encoder_ffn_embed_dim": 48,
    "encoder_attention_heads": 4,
    "conv_pos": 8,
    "conv_pos_groups": 4,
    "relative_position_embedding": True,
    "num_buckets": 32,
    "max_distance": 800,
    "gru_rel_pos": True,
    "deep_norm": True,
}


def beats_shapes(cfg):
    with torch.device("meta"):
        state = Beats(BeatsConfig.read(cfg, "")).state_dict()
    return {key: tuple(value.shape) for key, value in state.items()}


def own_shapes(layers, width, adapter, hidden):
    """What teacher and student share."""
    shapes = {
        "weights": (layers,),
        "linear0.weight": (adapter, width),
        "linear0.bias": (adapter,),
        "linear1.weight": (adapter, 2 * hidden),
        "linear1.bias": (adapter,),
        "haaqiAtt_layer.in_proj_weight": (3 * adapter, adapter),
        "haaqiAtt_layer.in_proj_bias": (3 * adapter,),
        "haaqiAtt_layer.out_proj.weight": (adapter, adapter),
        "haaqiAtt_layer.out_proj.bias": (adapter,),
        "haaqiframe_score.weight": (1, adapter),
        "haaqiframe_score.bias": (1,),
    }
    for end in ("", "_reverse"):
        shapes[f"blstm.weight_ih_l0{end}"] = (4 * hidden, adapter + 8)
        shapes[f"blstm.weight_hh_l0{end}"] = (4 * hidden, hidden)
        shapes[f"blstm.bias_ih_l0{end}"] = shapes[f"blstm.bias_hh_l0{end}"] = (4 * hidden,)
    for i in range(layers):
        shapes[f"layer_norm.{i}.weight"] = shapes[f"layer_norm.{i}.bias"] = (width,)
    return shapes


def teacher_shapes(cfg, adapter=32, hidden=10):
    beats = {f"beats_model.{key}": shape for key, shape in beats_shapes(cfg).items()}
    return {**own_shapes(cfg["encoder_layers"], cfg["encoder_embed_dim"], adapter, hidden), **beats}


def student_shapes(cfg, adapter=32, hidden=10):
    width, embed = cfg["encoder_embed_dim"], cfg["embed_dim"]
    shapes = own_shapes(3, width, adapter, hidden)
    shapes |= {"patch_embedding.weight": (embed, 1, 16, 16), "linear2.weight": (width, embed)}
    shapes |= {
        "linear2.bias": (width,),
        "beats_layer_norm.weight": (embed,),
        "beats_layer_norm.bias": (embed,),
    }
    for key, shape in beats_shapes(cfg).items():
        if key.startswith("encoder.layers.0."):
            for i in range(3):
                shapes[key.replace("encoder.layers.0", f"encoder{i}")] = shape
    for i in (5, 8, 11):
        shapes |= {f"encoder{i}.weight": (width, width), f"encoder{i}.bias": (width,)}
    return shapes


def random_state(shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    state = {
        key: 0.3 * torch.randn(shape, generator=generator) + float("norm" in key and key.endswith("weight"))
        for key, shape in shapes.items()
    }
    for end in ("", "_reverse"):  # raw dB must not drive the gates to their stops
        state[f"blstm.weight_ih_l0{end}"][:, -8:] *= 0.03
    state["haaqiAtt_layer.in_proj_weight"][:64] *= 6  # else attention only averages
    first = "beats_model.encoder.layers.0.self_attn.relative_attention_bias.weight"
    for key in state:  # in BEATs one table, stored for every layer
        if key.startswith("beats_model.") and "relative_attention_bias" in key:
            state[key] = state[first]
    return state


def parted(state):
    """A teacher's own tensors, and those of its BEATs by their names there."""
    own = {key: value for key, value in state.items() if not key.startswith("beats_model.")}
    return own, {key.removeprefix("beats_model."): state[key] for key in state if key not in own}
