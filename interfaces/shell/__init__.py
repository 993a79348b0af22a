"""The ``llmos>`` shell: line editor, price before Enter, what is shown while a goal runs."""
