"""The transfer-learning study: what pretrained weights bring, for how many patients, and how to fine-tune them."""
