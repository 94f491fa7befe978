"""The domain of Paidan: reading an appeal, and deciding who must act."""
