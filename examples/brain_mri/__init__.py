"""The two-stage brain tumour pipeline: is there a tumour in this slice, and where is it?"""
